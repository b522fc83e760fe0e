// A stream that speaks TLS: what the owner notices of that is nothing.

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "proxy/io/stream.hpp"
#include "tests/support/certificates.hpp"

namespace highwater::proxy {
namespace {

// Reads what there is, so many bytes at a time, and goes on waiting.
struct reader : stream::listener {
  void on_readable() override {
    std::array<char, 4096> some;
    const auto got = of->read(some.data(), std::min(at_most, some.size()));
    received.append(some.data(), got.size);
    closed = got.status == stream::read_status::closed;
    if (!closed && goes_on) of->await_readable();
  }
  void on_drained() override { ++drained; }

  stream* of = nullptr;
  std::string received;
  std::size_t at_most = 4096;
  bool closed = false;
  bool goes_on = true;
  int drained = 0;
};

class tls_stream_test : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto folder = std::filesystem::path(testing::TempDir()) / ("highwater_stream_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const auto made = testing_support::certificate_authority().issue({});
    serving = tls_context::for_clients({testing_support::write_secret(folder, "crt", made.certificate),
                                        testing_support::write_secret(folder, "key", made.key), ""},
                                       tls_check::none);
    asking = tls_context::for_servers({}, tls_check::none);
    std::filesystem::remove_all(folder);
  }
  static void TearDownTestSuite() { serving = asking = nullptr; }

  tls_stream_test() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    accepted = stream(loop, unique_socket(ends[0]), at_server);
    connected = stream(loop, unique_socket(ends[1]), at_client);
    at_server.of = &accepted;
    at_client.of = &connected;
    accepted.encrypt(std::make_unique<tls_engine>(serving, tls_engine::options{}));
    connected.encrypt(std::make_unique<tls_engine>(asking, tls_engine::options{}));
    accepted.await_readable();
    connected.await_readable();
  }
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) loop.turn(true);
  }

  inline static tls_context_ptr serving, asking;
  event_loop loop;
  reader at_server, at_client;
  stream accepted, connected;
};

TEST_F(tls_stream_test, passes_on_what_is_written) {
  connected.write("hello");
  run_until([&] { return at_server.received == "hello"; });
  accepted.write("welcome");
  run_until([&] { return at_client.received == "welcome"; });
}

// One record holds more than the owner takes at a time: no other edge of the socket follows.
TEST_F(tls_stream_test, tells_of_what_has_been_decrypted_and_not_read) {
  at_server.at_most = 3;
  connected.write(std::string(1000, 'x'));
  run_until([&] { return at_server.received.size() == 1000; });
}

TEST_F(tls_stream_test, keeps_what_the_other_end_does_not_read) {
  at_client.goes_on = false;
  run_until([&] { return connected.tls()->established() && accepted.tls()->established(); });
  const std::string much(8U << 20U, 'y');
  accepted.write(much);
  EXPECT_GT(accepted.pending(), 0U);
  at_client.goes_on = true;
  connected.await_readable();
  run_until([&] { return at_client.received.size() >= much.size(); });
  EXPECT_EQ(at_client.received, much);
  run_until([&] { return at_server.drained > 0; });
}

TEST_F(tls_stream_test, sends_what_is_left_when_its_owner_has_gone) {
  run_until([&] { return connected.tls()->established() && accepted.tls()->established(); });
  const std::string much(4U << 20U, 'z');
  accepted.write(much);
  accepted.close_when_drained();
  run_until([&] { return at_client.closed; });
  EXPECT_EQ(at_client.received, much);
  EXPECT_EQ(connected.tls()->why(), "") << "it was told of the end";
}

// What came before it moved is read behind that.
TEST_F(tls_stream_test, moves_to_another_loop_with_what_it_has_not_read) {
  run_until([&] { return connected.tls()->established() && accepted.tls()->established(); });
  at_server.goes_on = false;
  at_server.at_most = 2;
  connected.write("0123456789");
  run_until([&] { return !at_server.received.empty(); });
  event_loop other;
  accepted = stream(other, accepted.release(), at_server);
  at_server.goes_on = true;
  accepted.await_readable();
  while (at_server.received.size() < 10) other.turn(true);
  EXPECT_EQ(at_server.received, "0123456789");
  accepted.write("still there");
  run_until([&] { return at_client.received == "still there"; });
  accepted.close();
}

// Each asks for an answer, and none is for the owner: neither time nor memory may go into that without end.
TEST_F(tls_stream_test, has_enough_of_a_peer_that_only_asks_for_new_keys) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  const unique_socket peer(ends[1]);
  stream lonely(loop, unique_socket(ends[0]), at_server);
  at_server.of = &lonely;
  lonely.encrypt(std::make_unique<tls_engine>(serving, tls_engine::options{}));
  lonely.await_readable();
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(asking->native()), SSL_free);
  SSL_set_fd(tls.get(), peer.get());
  while (SSL_connect(tls.get()) != 1) loop.turn(false);
  for (int i = 0; i < 100'000 && !at_server.closed; ++i) {
    SSL_key_update(tls.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(tls.get());
    loop.turn(false);
  }
  EXPECT_TRUE(at_server.closed);
  lonely.close();
}

TEST_F(tls_stream_test, ends_with_a_reason_if_the_handshake_fails) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const unique_socket peer(ends[1]);
  stream lonely(loop, unique_socket(ends[0]), at_server);
  at_server.of = &lonely;
  lonely.encrypt(std::make_unique<tls_engine>(serving, tls_engine::options{}));
  lonely.await_readable();
  ASSERT_EQ(::send(peer.get(), "GET / HTTP/1.0\r\n\r\n", 18, 0), 18);
  run_until([&] { return at_server.closed; });
  EXPECT_EQ(lonely.tls()->why(), "http request");
  lonely.close();
}

}  // namespace
}  // namespace highwater::proxy
