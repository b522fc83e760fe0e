// What no honest peer would send: the sender loses its connection, everybody else loses nothing.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

// Listens where a server should, and answers each connection's first bytes with the same nonsense.
class fake_server {
public:
  explicit fake_server(std::string nonsense) : nonsense_(std::move(nonsense)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_.number());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0) {
      throw std::runtime_error("the fake server cannot listen");
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~fake_server() {
    ends_ = true;
    thread_.join();
    ::close(listener_);
  }
  fake_server(const fake_server&) = delete;
  fake_server& operator=(const fake_server&) = delete;

  std::uint16_t port() const { return port_.number(); }
  int connections() const { return connections_; }

private:
  void serve() {
    while (!ends_) {
      pollfd wanted{listener_, POLLIN, 0};
      if (::poll(&wanted, 1, 5) <= 0) continue;
      const int peer = ::accept(listener_, nullptr, nullptr);
      char request[1024];
      if (::recv(peer, request, sizeof request, 0) > 0) ::send(peer, nonsense_.data(), nonsense_.size(), MSG_NOSIGNAL);
      ::close(peer);
      ++connections_;
    }
  }

  std::string nonsense_;
  reserved_port port_;
  int listener_ = -1;
  std::atomic<bool> ends_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

class bad_input : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) {
      config.set("pool", "{size: 3}").set("auth", "{method: trust, timeout: 300ms}");
    });
  }
  void SetUp() override {
    PROXY_ONLY();
    witness = std::make_unique<raw::client>(client());
  }
  // The proxy stands, and a session from before did not notice anything.
  void TearDown() override {
    if (!witness) return;
    EXPECT_EQ(scalar(*witness, "select 'still here'"), "still here");
    auto next = client();
    next.query("begin");
    EXPECT_EQ(scalar(next, "select 'new'"), "new");
    EXPECT_EQ(raw::types(next.query("commit")), "CZ");
  }

  static std::ptrdiff_t descriptors() {
    const auto folder = "/proc/" + std::to_string(served->proxy().child().pid()) + "/fd";
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
  static void send_and_expect_close(const std::string& bytes) {
    auto session = client();
    session.send(bytes);
    EXPECT_TRUE(session.closed_within()) << raw::describe({bytes[0], ""});
  }

  std::unique_ptr<raw::client> witness;
};

TEST_F(bad_input, impossible_lengths) {
  for (const char type : {'Q', 'P', 'B', 'E', 'D', 'C', 'S', 'H', 'F', 'X', 'd', 'c', 'f'}) {
    for (const std::uint32_t length : {0u, 1u, 3u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
      send_and_expect_close(type + raw::int32(length) + "xxxx");
    }
  }
}

TEST_F(bad_input, unknown_types) {
  for (const char type : {'\0', 'z', 'R', 'p', 'K', '\xff', '1'}) send_and_expect_close(raw::frame(type, "what?"));
}

TEST_F(bad_input, bodies_that_end_too_early) {
  for (const auto& body :
       {std::string(), std::string("x"), std::string("S"), std::string("Sx"), std::string("\0\0", 2)}) {
    for (const char type : {'Q', 'P', 'D', 'E'}) {
      if (type == 'Q' && body.ends_with('\0')) continue;
      auto session = client();
      session.send(raw::frame(type, body) + raw::sync());
      const auto first = session.read_message();
      if (first) {
        EXPECT_EQ(first->type, 'E') << type;
      }
    }
  }
}

TEST_F(bad_input, binds_that_lie_about_their_parameters_are_the_servers_to_refuse) {
  auto session = client();
  const std::string names(2, '\0');
  for (const auto& rest :
       {raw::int16(0) + raw::int16(5), raw::int16(9), raw::int16(0) + raw::int16(1) + raw::int32(1000) + "x",
        raw::int16(0) + raw::int16(1) + raw::int32(0xFFFFFFF0u) + raw::int16(0), std::string("\xff")}) {
    session.send(raw::parse("", "select $1::text") + raw::frame('B', names + rest) + raw::execute() + raw::sync());
    EXPECT_EQ(sqlstate(session.read_until_ready()), "08P01");
  }
  EXPECT_EQ(scalar(session, "select 1"), "1");
}

TEST_F(bad_input, random_bytes) {
  std::mt19937 dice(20240607);
  const auto any = [&dice](unsigned below) { return static_cast<unsigned>(dice() % below); };
  const auto before = descriptors();
  const std::string types("QPBEDCSHFdcf");
  for (int i = 0; i < 1'500; ++i) {
    raw::client session(served->port());
    std::string bytes;
    const bool logs_in = any(4) != 0;
    if (logs_in) bytes = raw::startup("postgres", "postgres");
    for (unsigned count = any(5) + 1; count > 0; --count) {
      std::string body(any(60), '\0');
      for (auto& byte : body) byte = static_cast<char>(any(3) == 0 ? 0 : any(256));
      // Never a text that the server could run.
      bytes += any(3) != 0 ? raw::frame(types[any(static_cast<unsigned>(types.size()))], body) : body;
    }
    try {
      session.send(bytes);
    } catch (const std::runtime_error& refused_meanwhile) {
    }
    if (any(2) == 0) session.reset();
  }
  await("all of their connections are gone", [&] { return descriptors() <= before + 8; });
}

TEST_F(bad_input, mutated_conversations) {
  std::mt19937 dice(7);
  const std::string talk = raw::startup("postgres", "postgres") + raw::parse("s", "select $1::int") +
                           raw::describe_statement("s") + raw::bind("", "s", {"1"}) + raw::execute() + raw::sync() +
                           raw::query("select 1") + raw::close_statement("s") + raw::flush() + raw::sync();
  for (int i = 0; i < 1'000; ++i) {
    std::string mutated = talk;
    for (unsigned changes = dice() % 3 + 1; changes > 0; --changes) {
      mutated[dice() % mutated.size()] = static_cast<char>(dice() % 256);
    }
    if (dice() % 3 == 0) mutated.resize(dice() % mutated.size());
    raw::client session(served->port());
    try {
      session.send(mutated);
      session.finish_sending();
      session.closed_within(milliseconds(static_cast<int>(dice() % 4)));
    } catch (const std::runtime_error& refused_meanwhile) {
    }
  }
}

TEST_F(bad_input, slow_logins_do_not_stay) {
  std::vector<raw::client> slow;
  for (int i = 0; i < 100; ++i) {
    slow.emplace_back(served->port());
    slow.back().send(std::string("\0\0", 2));
  }
  EXPECT_EQ(scalar(*witness, "select 1"), "1");
  for (auto& each : slow) EXPECT_TRUE(each.closed_within());
}

TEST_F(bad_input, servers_that_talk_nonsense_are_not_used) {
  const std::string ok =
      raw::frame('R', raw::int32(0)) + raw::frame('K', raw::int32(1) + raw::int32(2)) + raw::frame('Z', "I");
  for (const auto& nonsense :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(100'000, '\xff'), std::string("R\0\0\0\0", 5),
        std::string("E\x7f\xff\xff\xff", 5), raw::frame('R', raw::int32(12) + "proof"), raw::frame('R', ""),
        raw::frame('K', "x"), raw::frame('Z', "?"), ok + raw::frame('D', raw::int16(1)),
        ok + raw::frame('T', "never asked for"), std::string("N")}) {
    const fake_server liar(nonsense);
    postgres_cluster& cluster = served->cluster();
    highwater_config config(cluster);
    config.set("cluster", "{nodes: [{name: a, host: 127.0.0.1, port: " + std::to_string(cluster.primary().port()) +
                              "}, {name: liar, host: 127.0.0.1, port: " + std::to_string(liar.port()) +
                              "}], monitor: {user: highwater, database: postgres, interval: 5ms}}");
    highwater_process proxy(config);
    proxy.await_ready();
    await("it was asked", [&] { return liar.connections() > 1; });
    raw::client session(proxy.port());
    session.log_in();
    for (int i = 0; i < 10; ++i) EXPECT_EQ(value(session.query("select 1")), "1");
    EXPECT_EQ(proxy.metric("highwater_node_up", {{"node", "liar"}}), 0);
  }
}

}  // namespace
}  // namespace highwater::testing_support
