#include "proxy/io/connect_attempt.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <memory>
#include <optional>

#include "proxy/io/name_resolver.hpp"

namespace highwater::proxy {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

class connect_attempt_test : public testing::Test {
protected:
  struct outcome {
    std::error_code error;
    unique_socket socket;
    tcp_endpoint to;
  };

  // A port that nobody listens on, and that nobody else is given meanwhile.
  tcp_endpoint closed_port() {
    closed.open(tcp::v4());
    closed.bind({asio::ip::address_v4::loopback(), 0});
    return closed.local_endpoint();
  }
  connect_attempt begin(std::vector<tcp_endpoint> addresses) {
    return {loop, std::move(addresses), [this](std::error_code error, unique_socket socket, const tcp_endpoint& to) {
              ++calls;
              got = outcome{error, std::move(socket), to};
            }};
  }
  void finish() {
    while (!got) loop.turn(true);
  }

  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  tcp::socket closed{io};
  event_loop loop;
  std::optional<outcome> got;
  int calls = 0;
};

TEST_F(connect_attempt_test, connects) {
  const auto attempt = begin({acceptor.local_endpoint()});
  EXPECT_FALSE(got) << "never from within";
  finish();
  EXPECT_FALSE(got->error);
  EXPECT_EQ(got->to, acceptor.local_endpoint());
  auto accepted = acceptor.accept();
  ASSERT_EQ(::send(got->socket.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(accepted.read_some(asio::buffer(&byte, 1)), 1U);
}

TEST_F(connect_attempt_test, goes_on_to_the_next_address) {
  const auto attempt = begin({closed_port(), acceptor.local_endpoint()});
  finish();
  EXPECT_FALSE(got->error);
  EXPECT_EQ(got->to, acceptor.local_endpoint());
}

TEST_F(connect_attempt_test, says_why_the_last_address_did_not_take_it) {
  const auto attempt = begin({closed_port()});
  finish();
  EXPECT_EQ(got->error, std::errc::connection_refused);
  EXPECT_FALSE(got->socket);
  loop.turn(false);
  EXPECT_EQ(calls, 1);
}

TEST_F(connect_attempt_test, without_an_address_fails_later) {
  const auto attempt = begin({});
  EXPECT_FALSE(got);
  finish();
  EXPECT_EQ(got->error, std::errc::address_not_available);
}

TEST_F(connect_attempt_test, tells_nobody_who_has_given_up) {
  {
    const auto attempt = begin({acceptor.local_endpoint()});
    const auto nowhere = begin({});
  }
  loop.turn(false);
  EXPECT_FALSE(got);
}

TEST_F(connect_attempt_test, the_old_one_is_given_up_when_another_takes_its_place) {
  auto attempt = begin({});
  attempt = begin({acceptor.local_endpoint()});
  finish();
  EXPECT_FALSE(got->error);
  loop.turn(false);
  EXPECT_EQ(calls, 1);
}

TEST(numeric_endpoint, is_none_for_names) {
  EXPECT_EQ(numeric_endpoint("127.0.0.1", 5432), tcp_endpoint(asio::ip::make_address("127.0.0.1"), 5432));
  EXPECT_EQ(numeric_endpoint("::1", 1), tcp_endpoint(asio::ip::make_address("::1"), 1));
  EXPECT_EQ(numeric_endpoint("localhost", 5432), std::nullopt);
  EXPECT_EQ(numeric_endpoint("", 5432), std::nullopt);
}

TEST(name_resolver, answers_on_the_loop_that_asked) {
  name_resolver names;
  event_loop loop;
  std::vector<tcp_endpoint> found;
  boost::system::error_code unknown;
  int answers = 0;
  names.resolve("localhost", 5432, loop, [&](const auto&, const auto& all) {
    found = all;
    ++answers;
  });
  names.resolve("localhost", 5432, loop, [&](const auto&, const auto& all) {
    EXPECT_FALSE(all.empty()) << "whoever asks meanwhile is told too";
    ++answers;
  });
  names.resolve("no.such.name.invalid", 5432, loop, [&](const auto& error, const auto&) {
    unknown = error;
    ++answers;
  });
  while (answers < 3) loop.turn(true);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].port(), 5432);
  EXPECT_TRUE(unknown);
}

TEST(name_resolver, a_name_that_hangs_keeps_no_other_back) {
  std::atomic<int> asked{0};
  std::promise<void> answers;
  name_resolver names([&, hangs = answers.get_future().share()](const std::string& host, std::uint16_t port,
                                                                boost::system::error_code&) {
    ++asked;
    if (host == "hangs") hangs.wait();
    return name_resolver::addresses{{asio::ip::make_address("127.0.0.1"), port}};
  });
  event_loop loop;
  int slow = 0;
  bool other = false;
  for (int i = 0; i < 3; ++i) names.resolve("hangs", 1, loop, [&](const auto&, const auto&) { ++slow; });
  names.resolve("other", 2, loop, [&](const auto&, const auto& all) { other = all.at(0).port() == 2; });
  while (!other) loop.turn(true);
  EXPECT_EQ(slow, 0);
  answers.set_value();
  while (slow < 3) loop.turn(true);
  EXPECT_EQ(asked, 2) << "it is asked for once, for all who ask";
}

TEST(name_resolver, does_not_wait_at_its_end_for_a_name_that_hangs) {
  const auto answers = std::make_shared<std::promise<void>>();
  {
    name_resolver names([hangs = answers->get_future().share()](const auto&, auto, auto&) {
      hangs.wait();
      return name_resolver::addresses{};
    });
    names.resolve("hangs", 1, [](const auto&, const auto&) { ADD_FAILURE() << "nobody is there any more"; });
  }
  answers->set_value();
}

}  // namespace
}  // namespace highwater::proxy
