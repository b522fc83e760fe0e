// Who comes in: by which rule, and by which socket.

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using namespace std::string_literals;

class door : public wire_test {
protected:
  static void SetUpTestSuite() {
    folder = make_folder("door");
    const certificate_authority good("good");
    ca = write_secret(folder, "ca.crt", good.certificate());
    for (const auto* name : {"proxy", "ann", "ben"}) {
      const auto made = good.issue({.common_name = name});
      write_secret(folder, name + ".crt"s, made.certificate);
      write_secret(folder, name + ".key"s, made.key);
    }
    serve({.replicas = 0, .roles = {{"ann", ""}, {"new", "pencil"}, {"plain", "pencil"}, {"local", ""}}},
          [](highwater_config& config) {
            config.set("listen", listening("::", ", unix_socket: " + folder.string()));
            config.set("auth", auth_section());
          });
    auto primary = served->cluster().primary().connect();
    primary.must("set password_encryption = 'md5'; create role old login password 'pencil'");
    const auto secret = primary.scalar("select rolpassword from pg_authid where rolname = 'new'");
    if (testing_direct()) return;
    auth_with_secrets = std::make_unique<highwater_process>(
        highwater_config(served->cluster())
            .set("listen", listening("127.0.0.1", ", unix_socket: " + folder.string()))
            .set("auth", auth_section("{name: new, secret: '" + secret + "'}, {name: old, secret: '" +
                                      primary.scalar("select rolpassword from pg_authid where rolname = 'old'") +
                                      "'}, {name: plain, password: pencil}")));
  }
  static void TearDownTestSuite() {
    auth_with_secrets.reset();
    served.reset();
  }
  void SetUp() override { PROXY_ONLY(); }

  static std::string listening(const std::string& address, const std::string& more = "") {
    return "{address: '" + address + "', port: 0, tls: {mode: prefer, certificate: " + (folder / "proxy.crt").string() +
           ", key: " + (folder / "proxy.key").string() + ", client_ca: " + ca + "}" + more + "}";
  }
  static std::string auth_section(const std::string& users = "{name: plain, password: pencil}") {
    return "\n  users: [" + users +
           "]\n"
           "  rules:\n"
           "    - {type: host, databases: [all], users: [banned], address: all, method: reject}\n"
           "    - {type: hostssl, databases: [all], users: [ann], address: all, method: cert, map: people}\n"
           "    - {type: hostssl, databases: [all], users: [local], address: all, method: trust, clientcert: "
           "verify-ca}\n"
           "    - {type: host, databases: [all], users: [old], address: 127.0.0.0/8, method: md5}\n"
           "    - {type: hostssl, databases: [all], users: [new, old, plain, nobody], address: all, method: password}\n"
           "    - {type: host, databases: [all], users: [new, plain, nobody], address: 127.0.0.0/8, method: "
           "scram-sha-256}\n"
           "    - {type: host, databases: [all], users: [postgres], address: 127.0.0.1, method: trust}\n"
           "    - {type: local, databases: [all], users: [local], method: peer, map: people}\n"
           "    - {type: local, databases: [all], users: [new], method: scram-sha-256}\n"
           "  maps:\n"
           "    - {name: people, external: ben, user: ann}\n"
           "    - {name: people, external: " +
           system_user() + ", user: local}\n";
  }
  static std::string system_user() {
    return run({{"id", "-un"}}).output.substr(0, run({{"id", "-un"}}).output.find('\n'));
  }

  static std::string enter(const highwater_process& proxy, const std::string& how) {
    try {
      return pg::connection("port=" + std::to_string(proxy.port()) + " dbname=postgres connect_timeout=30 " + how)
          .scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }
  static std::string enter(const std::string& how) { return enter(*auth_with_secrets, how); }
  static std::string tcp(const std::string& user, const std::string& password = "") {
    return "host=127.0.0.1 user=" + user + (password.empty() ? "" : " password=" + password);
  }
  static std::string certificate(const std::string& name) {
    return " sslcert=" + (folder / (name + ".crt")).string() + " sslkey=" + (folder / (name + ".key")).string();
  }

  inline static std::filesystem::path folder;
  inline static std::string ca;
  inline static std::unique_ptr<highwater_process> auth_with_secrets;
};

TEST_F(door, opens_as_the_first_rule_that_matches_says) {
  struct row {
    const char* why;
    std::string how;
    std::string what;  // the user, or a part of the refusal
  };
  const row rows[] = {
      {"rejected", tcp("banned") + " sslmode=disable",
       "auth.rules rejects connection for host \"127.0.0.1\", user \"banned\", database \"postgres\", no encryption"},
      {"no rule", tcp("stranger") + " sslmode=disable",
       "no rule in auth.rules for host \"127.0.0.1\", user \"stranger\", database \"postgres\", no encryption"},
      {"... over TLS", tcp("stranger") + " sslmode=require", "SSL encryption"},
      {"a certificate that is mapped", tcp("ann") + " sslmode=require" + certificate("ben"), "ann"},
      {"... its own, that is not", tcp("ann") + " sslmode=require" + certificate("ann"),
       "certificate authentication failed for user \"ann\""},
      {"none", tcp("ann") + " sslmode=require", "connection requires a valid client certificate"},
      {"in the clear", tcp("ann") + " sslmode=disable", "no rule in auth.rules"},
      {"any certificate", tcp("local") + " sslmode=require" + certificate("ann"), "local"},
      {"any certificate, and none", tcp("local") + " sslmode=require", "connection requires a valid client"},
      {"SCRAM in the clear", tcp("new", "pencil") + " sslmode=disable", "new"},
      {"... a wrong password", tcp("new", "pen") + " sslmode=disable", "password authentication failed"},
      {"MD5", tcp("old", "pencil") + " sslmode=disable", "old"},
      {"... a wrong password", tcp("old", "pen") + " sslmode=disable", "password authentication failed"},
      {"a password over TLS, SCRAM secret", tcp("new", "pencil") + " sslmode=require", "new"},
      {"... from a password", tcp("plain", "pencil") + " sslmode=require", "plain"},
      {"... wrong", tcp("plain", "pen") + " sslmode=require", "password authentication failed"},
      {"... nobody's", tcp("nobody", "pencil") + " sslmode=require", "password authentication failed"},
      {"trust", tcp("postgres") + " sslmode=disable", "postgres"},
  };
  for (const auto& each : rows) EXPECT_THAT(enter(each.how), testing::HasSubstr(each.what)) << each.why;
}

// An IPv4 client that comes in through a socket for both is an IPv4 client.
TEST_F(door, knows_addresses_through_a_socket_for_both_protocols) {
  EXPECT_EQ(enter(served->proxy(), tcp("postgres") + " sslmode=disable"), "postgres");
  EXPECT_THAT(enter(served->proxy(), "host=::1 user=postgres sslmode=disable"),
              testing::HasSubstr("no rule in auth.rules for host \"::1\""));
}

TEST_F(door, opens_by_a_unix_domain_socket) {
  const auto local = "host=" + folder.string() + " user=";
  EXPECT_EQ(enter(local + "local"), "local") << "mapped from the operating system's";
  EXPECT_EQ(enter(local + "new password=pencil"), "new");
  EXPECT_THAT(enter(local + "new password=pen"), testing::HasSubstr("password authentication failed"));
  EXPECT_THAT(enter(local + "postgres"), testing::HasSubstr("no rule in auth.rules for host \"[local]\""))
      << "rules for TCP are not for it";
  EXPECT_THAT(enter(local + "local sslmode=require"), testing::HasSubstr("local")) << "libpq asks for no TLS there";
}

TEST_F(door, passes_cancel_requests_by_a_unix_domain_socket) {
  pg::connection session("host=" + folder.string() + " port=" + std::to_string(auth_with_secrets->port()) +
                         " dbname=postgres user=new password=pencil");
  ASSERT_EQ(PQsendQuery(session.raw(), "select pg_sleep(600)"), 1);
  auto watcher = served->cluster().primary().connect();
  await("it runs", [&] {
    return watcher.scalar("select count(*) from pg_stat_activity where query = 'select pg_sleep(600)'") == "1";
  });
  auto* const cancel = PQgetCancel(session.raw());
  std::array<char, 256> why{};
  EXPECT_EQ(PQcancel(cancel, why.data(), static_cast<int>(why.size())), 1) << why.data();
  PQfreeCancel(cancel);
  pg::result got(PQgetResult(session.raw()));
  EXPECT_EQ(got.sqlstate(), "57014");
}

std::string socket_file(const std::filesystem::path& folder, std::uint16_t port) {
  return (folder / (".s.PGSQL." + std::to_string(port))).string();
}

TEST_F(door, leaves_no_socket_behind_and_takes_the_place_of_one_that_was_left) {
  const auto own = make_folder("sockets");
  const reserved_port reserved;
  const auto port = reserved.number();
  highwater_config config(served->cluster());
  config.set("listen", "{address: 127.0.0.1, port: " + std::to_string(port) + ", unix_socket: " + own.string() + "}");
  const auto file = socket_file(own, port);
  {
    highwater_process killed(config);
    EXPECT_TRUE(std::filesystem::is_socket(file));
    killed.kill9();
    EXPECT_TRUE(std::filesystem::is_socket(file));
  }
  highwater_process again(config);
  EXPECT_EQ(pg::connection("host=" + own.string() + " port=" + std::to_string(port) + " user=postgres dbname=postgres")
                .scalar("select 1"),
            "1");
  again.stop();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(door, does_not_take_a_socket_away_from_who_listens_there_nor_remove_a_file) {
  const auto own = make_folder("sockets");
  const reserved_port reserved;
  const auto port = reserved.number();
  const auto file = socket_file(own, port);
  write_secret(own, std::filesystem::path(file).filename().string(), "precious");
  highwater_config config(served->cluster());
  config.set("listen", "{address: 127.0.0.1, port: " + std::to_string(port) + ", unix_socket: " + own.string() + "}");
  const auto refusal = [&] {
    try {
      highwater_process started(config);
      return "started"s;
    } catch (const std::runtime_error& why) {
      return std::string(why.what());
    }
  };
  EXPECT_THAT(refusal(), testing::HasSubstr("cannot listen on " + file + " for clients: there is something else"));
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
  std::filesystem::remove(file);
  const int other = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, file.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(other, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(other, 1), 0);
  EXPECT_THAT(refusal(), testing::HasSubstr("another process listens there"));
  ::close(other);
}

}  // namespace
}  // namespace highwater::testing_support
