// Behind a load balancer that says whose connections it passes on (PROXY protocol).

#include <csignal>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using namespace std::string_literals;

class balanced : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0});
    if (testing_direct()) return;
    behind = std::make_unique<highwater_process>(
        highwater_config(served->cluster())
            .set("listen", "{address: '::', port: 0, proxy_protocol: [127.0.0.1]}")
            .set("auth",
                 "\n  rules:\n"
                 "    - {type: host, databases: [all], users: [all], address: 192.0.2.0/24, method: trust}\n"
                 "    - {type: host, databases: [all], users: [all], address: '2001:db8::/32', method: trust}\n"
                 "    - {type: host, databases: [all], users: [all], address: '::1', method: trust}\n"));
  }
  static void TearDownTestSuite() {
    behind.reset();
    served.reset();
  }

  void SetUp() override { PROXY_ONLY(); }

  // What is said behind a header, up to the first answer.
  static std::string answer_behind(const std::string& header) {
    raw::client one(behind->port());
    one.send(header + raw::startup("postgres", "postgres"));
    const auto first = one.read_message();
    if (!first) return "closed";
    return first->type == 'E' ? raw::error_field(*first, 'M') : std::string(1, first->type);
  }

  inline static std::unique_ptr<highwater_process> behind;
};

// Version 2: its command and family, and what is behind them.
std::string binary(char command, char family, const std::string& body) {
  const auto size = static_cast<std::uint16_t>(body.size());
  return "\r\n\r\n\0\r\nQUIT\n"s + command + family + static_cast<char>(size >> 8U) + static_cast<char>(size & 0xFFU) +
         body;
}

TEST_F(balanced, knows_its_clients_by_what_the_balancer_says) {
  const std::string v6 =
      "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s + std::string(16, '\0') + "\x10\x00\x19\x20"s;
  struct row {
    const char* why;
    std::string header, answer;
  };
  const row rows[] = {
      {"a line", "PROXY TCP4 192.0.2.9 127.0.0.1 4711 6432\r\n", "R"},
      {"... of somebody else", "PROXY TCP4 203.0.113.9 127.0.0.1 4711 6432\r\n",
       "no rule in auth.rules for host \"203.0.113.9\", user \"postgres\", database \"postgres\", no encryption"},
      {"IPv6", "PROXY TCP6 2001:db8::1 ::1 4711 6432\r\n", "R"},
      {"binary", binary('\x21', '\x11', "\xC0\0\2\x09\x7F\0\0\1\x10\0\x19\x20"s), "R"},
      {"... IPv6", binary('\x21', '\x21', v6), "R"},
      {"... of somebody else", binary('\x21', '\x11', "\xCB\0\x71\x09\x7F\0\0\1\x10\0\x19\x20"s),
       "no rule in auth.rules for host \"203.0.113.9\", user \"postgres\", database \"postgres\", no encryption"},
      {"the balancer itself", binary('\x20', '\0', ""),
       "no rule in auth.rules for host \"127.0.0.1\", user \"postgres\", database \"postgres\", no encryption"},
      {"a client by a Unix-domain socket of the balancer's", binary('\x21', '\x31', std::string(216, '\0')), "closed"},
      {"nothing", "", "closed"},
      {"something else", "GET / HTTP/1.1\r\n\r\n", "closed"},
      {"two headers", "PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\nPROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\n", "closed"},
  };
  for (const auto& each : rows) EXPECT_EQ(answer_behind(each.header), each.answer) << each.why;
  EXPECT_THAT(behind->log(), testing::HasSubstr("client 203.0.113.9:4711 could not log in"));
  EXPECT_THAT(behind->log(), testing::HasSubstr("no PROXY header"));
}

// Who is no balancer may not speak for others.
TEST_F(balanced, believes_nobody_else) {
  raw::client direct(behind->port(), "::1");
  direct.send("PROXY TCP4 192.0.2.9 127.0.0.1 4711 6432\r\n");
  EXPECT_TRUE(direct.closed_within());
  EXPECT_EQ(pg::connection("host=::1 port=" + std::to_string(behind->port()) + " user=postgres dbname=postgres")
                .scalar("select 1"),
            "1")
      << "and needs to say nothing";
}

TEST_F(balanced, takes_a_header_in_pieces_and_everything_behind_it) {
  raw::client one(behind->port());
  const std::string all = "PROXY TCP4 192.0.2.9 127.0.0.1 4711 6432\r\n" + raw::startup("postgres", "postgres");
  for (const char byte : all) one.send({&byte, 1});
  EXPECT_EQ(one.read_message()->type, 'R');
}

// HAProxy in front, as people use it: its own checks included.
TEST_F(balanced, stands_behind_haproxy) {
  if (!run({{"sh", "-c", "command -v haproxy"}}).status.success()) GTEST_SKIP() << "there is no haproxy";
  const reserved_port reserved;
  const auto port = reserved.number();
  for (const std::string version : {"send-proxy", "send-proxy-v2"}) {
    const auto file =
        write_secret(make_folder("haproxy"), "haproxy.cfg",
                     "defaults\n  mode tcp\n  timeout connect 30s\n  timeout client 600s\n  timeout server 600s\n"
                     "frontend in\n  bind 127.0.0.1:" +
                         std::to_string(port) + "\n  bind ::1:" + std::to_string(port) +
                         "\n  default_backend highwater\nbackend highwater\n  server one 127.0.0.1:" +
                         std::to_string(behind->port()) + " check inter 100 " + version + "\n");
    process haproxy({{"haproxy", "-db", "-f", file}, {}, make_folder("haproxy") / "log"});
    await("HAProxy passes clients on", [&] {
      try {
        return pg::connection("host=::1 port=" + std::to_string(port) + " user=postgres dbname=postgres")
                   .scalar("select 1") == "1";
      } catch (const pg::error&) {
        return false;
      }
    });
    haproxy.stop(SIGTERM);
  }
}

}  // namespace
}  // namespace highwater::testing_support
