#include "proxy/io/stream.hpp"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>
#include <vector>

namespace highwater::proxy {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using status = stream::read_status;

// A stream and who is at the other end. The owner reads what there is and goes on waiting, unless told otherwise.
class stream_test : public testing::Test, protected stream::listener {
protected:
  stream_test() {
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    peer.connect(acceptor.local_endpoint());
    under_test.emplace(loop, accept(acceptor), static_cast<stream::listener&>(*this));
    under_test->await_readable();
  }

  static unique_socket accept(tcp::acceptor& from) { return unique_socket(from.accept().release()); }

  void on_readable() override {
    ++readable;
    std::array<char, 1024> some;
    const auto got = under_test->read(some.data(), read_at_most);
    received.append(some.data(), got.size);
    closed = got.status == status::closed;
    if (goes_on && !closed) under_test->await_readable();
  }
  void on_drained() override { ++drained; }

  void send(const std::string& text) { asio::write(peer, asio::buffer(text)); }
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) loop.turn(true);
  }
  // Everything that is to be had of the peer's end, while the loop runs.
  std::string read_all_at_peer() {
    std::string all;
    std::array<char, 65536> part;
    peer.non_blocking(true);
    for (boost::system::error_code error; error != asio::error::eof;) {
      all.append(part.data(), peer.read_some(asio::buffer(part), error));
      loop.turn(false);
    }
    return all;
  }

  asio::io_context io{1};  // of the peer, which asks and waits
  tcp::socket peer{io};
  event_loop loop;
  std::optional<stream> under_test;
  std::string received;
  std::size_t read_at_most = 1024;
  int readable = 0;
  int drained = 0;
  bool closed = false;
  bool goes_on = true;
};

TEST_F(stream_test, tells_of_all_that_comes) {
  send("one");
  run_until([&] { return received == "one"; });
  send("two");
  run_until([&] { return received == "onetwo"; });
  EXPECT_EQ(drained, 0);
}

TEST_F(stream_test, tells_again_of_what_was_left_unread) {
  read_at_most = 2;
  send("seven c");
  run_until([&] { return received == "seven c"; });
  EXPECT_GE(readable, 4);
}

TEST_F(stream_test, tells_nobody_who_does_not_wait) {
  goes_on = false;
  send("one");
  run_until([&] { return received == "one"; });
  send("two");
  loop.turn(false);
  EXPECT_EQ(readable, 1);
  under_test->await_readable();
  run_until([&] { return received == "onetwo"; });
}

TEST_F(stream_test, tells_of_an_end_that_comes_with_data) {
  send("last words");
  peer.close();
  run_until([&] { return closed; });
  EXPECT_EQ(received, "last words");
}

TEST_F(stream_test, tells_of_an_end_that_came_while_nobody_waited) {
  goes_on = false;
  send("one");
  run_until([&] { return received == "one"; });
  peer.close();
  loop.turn(false);
  EXPECT_FALSE(closed);
  under_test->await_readable();
  run_until([&] { return closed; });
}

TEST_F(stream_test, keeps_what_a_slow_peer_does_not_take_yet) {
  const std::string much(20'000'000, 'x');
  under_test->write(much);
  under_test->write("end");
  EXPECT_GT(under_test->pending(), 0U);
  std::string all;
  std::array<char, 65536> part;
  while (all.size() < much.size() + 3) {
    all.append(part.data(), peer.read_some(asio::buffer(part)));
    loop.turn(false);
  }
  EXPECT_EQ(all, much + "end");
  EXPECT_EQ(under_test->pending(), 0U);
  EXPECT_EQ(drained, 1);
}

TEST_F(stream_test, sends_the_rest_after_its_owner_has_gone) {
  const std::string much(20'000'000, 'x');
  under_test->write(much);
  under_test->close_when_drained();
  under_test.reset();
  EXPECT_EQ(read_all_at_peer().size(), much.size());
  EXPECT_EQ(drained, 0);
}

TEST_F(stream_test, reports_a_broken_connection_from_the_loop) {
  goes_on = false;
  peer.set_option(tcp::socket::linger(true, 0));
  peer.close();  // with a reset
  while (under_test->pending() == 0) under_test->write("x");
  EXPECT_EQ(drained, 0);
  run_until([&] { return drained == 1; });
  char byte = 0;
  EXPECT_EQ(under_test->read(&byte, 1).status, status::closed);
}

TEST_F(stream_test, can_be_closed_from_within_its_own_call) {
  struct closer final : stream::listener {
    void on_readable() override { mine.reset(); }
    void on_drained() override {}
    std::optional<stream> mine;
  };
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  closer all[3];
  std::vector<tcp::socket> peers;
  for (auto& one : all) {
    peers.emplace_back(io).connect(acceptor.local_endpoint());
    one.mine.emplace(loop, accept(acceptor), static_cast<stream::listener&>(one));
    one.mine->await_readable();
  }
  for (auto& each : peers) asio::write(each, asio::buffer("x", 1));
  run_until([&] { return !all[0].mine && !all[1].mine && !all[2].mine; });
}

TEST_F(stream_test, goes_to_another_loop) {
  event_loop other;
  struct reader final : stream::listener {
    void on_readable() override { ++count; }
    void on_drained() override {}
    int count = 0;
  } there;
  stream continued(other, under_test->release(), there);
  continued.await_readable();
  send("over there");
  while (there.count == 0) other.turn(true);
  EXPECT_EQ(readable, 0);
}

// A window may stay closed for as long as the peer likes: a timeout of the kernel's would end the connection.
TEST_F(stream_test, has_no_deadline_for_what_the_peer_does_not_read) {
  const auto given = under_test->release();
  unsigned timeout = 1;
  socklen_t size = sizeof timeout;
  ASSERT_EQ(::getsockopt(given.socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, &size), 0);
  EXPECT_EQ(timeout, 0U);
}

// ... but not what nobody owns any more.
TEST_F(stream_test, gives_up_a_farewell_that_nobody_reads) {
  const std::string much(16U << 20U, 'x');
  under_test->write(much);
  ASSERT_GT(under_test->pending(), 0U);
  under_test->close_when_drained();
  const auto begin = std::chrono::steady_clock::now();
  loop.look_after_some(begin, 10);
  loop.look_after_some(begin + std::chrono::seconds(29), 10);
  std::array<char, 1> some{};
  boost::system::error_code error;
  peer.read_some(asio::buffer(some), error);
  EXPECT_FALSE(error) << "it has some time";
  loop.look_after_some(begin + std::chrono::seconds(30), 10);
  EXPECT_LT(read_all_at_peer().size(), much.size() - 1);
}

}  // namespace
}  // namespace highwater::proxy
