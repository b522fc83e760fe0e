// Real drivers at the door: every method by which they can log in, with the certificate checked (sslmode=verify-full),
// and bound to the connection where the driver knows how. Towards the servers all is as strict, and Highwater's
// configuration holds no password.

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "tests/integration/program_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

// How a driver is run: with one URL for each login.
struct driver {
  arguments program;
  std::string scheme = "postgresql:";
  bool binds = true;  // knows channel_binding=require
  std::string key = ".key";
};

class door_drivers : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    folder = make_folder("door");
    make_certificates();
    servers = std::make_unique<postgres_cluster>(cluster_options{
        .replicas = 1,
        .settings = {"ssl = on", "ssl_cert_file = '" + path("server.crt") + "'",
                     "ssl_key_file = '" + path("server.key") + "'", "ssl_ca_file = '" + path("ca.crt") + "'"}});
    servers->primary().tell(
        "create role bound login password 'pencil'; create role plain login password 'pencil'; create role ann login; "
        "set password_encryption = 'md5'; create role old login password 'pencil'");
    servers->await_replay();
    for (const auto& node : servers->nodes()) let_in_by_tls(*node);
    proxy = std::make_unique<highwater_process>(configuration());
    proxy->await_ready();
  }
  static void TearDownTestSuite() {
    proxy.reset();
    servers.reset();
  }
  void SetUp() override {
    if (testing_direct()) GTEST_SKIP() << "says something about the proxy";
  }

  static std::string path(const std::string& name) { return (folder / name).string(); }

  static void make_certificates() {
    const certificate_authority good("good"), other("other");
    write_secret(folder, "ca.crt", good.certificate());
    write_secret(folder, "other_ca.crt", other.certificate());
    for (const std::string name : {"server", "proxy", "highwater", "ann", "ben"}) {
      const auto made = good.issue({.common_name = name});
      write_secret(folder, name + ".crt", made.certificate);
      write_secret(folder, name + ".key", made.key);
      run_or_throw({.argv = {"openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", path(name + ".key"),
                             "-out", path(name + ".pk8")}});  // as pgjdbc wants it
    }
    for (const auto* file : {"server.crt", "server.key", "ca.crt"}) give_to_server_user(folder / file);
  }

  // Nobody but over TLS, and nobody whom the server does not ask.
  static void let_in_by_tls(node& server) {
    write_file(server.folder() / "pg_ident.conf", "proxy highwater ann\n");
    write_file(server.folder() / "pg_hba.conf",
               "local all all trust\n"
               "hostssl all highwater 127.0.0.1/32 cert\n"
               "hostssl all ann 127.0.0.1/32 cert map=proxy\n"
               "hostssl all bound,plain 127.0.0.1/32 scram-sha-256\n"
               "hostssl all old 127.0.0.1/32 md5\n"
               "hostssl all,replication postgres 127.0.0.1/32 trust\n");
    server.tell("select pg_reload_conf()");
    await("the rules are in force", [&] {
      return server.ask("select count(*) from pg_hba_file_rules where 'ann' = any (user_name)") == "1" &&
             server.ask("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == "t";
    });
  }

  static highwater_config configuration() {
    const auto user = [](const std::string& name) {
      return "{name: " + name + ", secret: '" +
             servers->primary().ask("select rolpassword from pg_authid where rolname = '" + name + "'") + "'}";
    };
    highwater_config config(*servers);
    config.set("listen", "{address: 127.0.0.1, port: 0, tls: {mode: prefer, certificate: " + path("proxy.crt") +
                             ", key: " + path("proxy.key") + ", client_ca: " + path("ca.crt") + "}}");
    config.set("cluster", config.section("cluster") + "\n  tls: {mode: verify-full, ca: " + path("ca.crt") +
                              ", certificate: " + path("highwater.crt") + ", key: " + path("highwater.key") + "}");
    config.set("auth",
               "\n  users: [" + user("bound") + ", " + user("plain") + ", " + user("old") +
                   "]\n  rules:\n"
                   "    - {type: hostssl, databases: [all], users: [bound], address: all, method: scram-sha-256}\n"
                   "    - {type: hostssl, databases: [all], users: [old], address: all, method: md5}\n"
                   "    - {type: hostssl, databases: [all], users: [plain], address: all, method: password}\n"
                   "    - {type: hostssl, databases: [all], users: [ann], address: all, method: cert}\n");
    return config;
  }

  static std::string url(const driver& of, const std::string& user, const std::string& password,
                         const std::string& settings) {
    const auto place = "localhost:" + std::to_string(proxy->port()) + "/postgres?" + settings;
    if (of.scheme.starts_with("jdbc:")) return of.scheme + "//" + place + "&user=" + user + "&password=" + password;
    return of.scheme + "//" + user + (password.empty() ? "" : ":" + password) + "@" + place;
  }

  static std::vector<std::string> log_in(const driver& by, const std::vector<std::string>& urls) {
    auto argv = by.program;
    argv.insert(argv.end(), urls.begin(), urls.end());
    const auto done = run({.argv = argv,
                           .environment = {{"HOME", folder.string()},
                                           {"LC_ALL", "C.UTF-8"},
                                           {"NODE_PATH", HIGHWATER_SOURCE_DIR "/build/node/node_modules"}}},
                          milliseconds(180'000));
    EXPECT_TRUE(done.status.success()) << argv.front() << ": " << to_string(done.status) << "\n" << done.output;
    std::vector<std::string> lines;
    std::istringstream output(done.output);
    for (std::string line; std::getline(output, line);) lines.push_back(line);
    return lines;
  }

  static void try_all(const driver& by);

  inline static std::filesystem::path folder;
  inline static std::unique_ptr<postgres_cluster> servers;
  inline static std::unique_ptr<highwater_process> proxy;
};

void door_drivers::try_all(const driver& by) {
  const auto checked = "sslmode=verify-full&sslrootcert=" + path("ca.crt");
  const auto shown = [&](const std::string& name) {
    return checked + "&sslcert=" + path(name + ".crt") + "&sslkey=" + path(name + by.key);
  };
  const auto bound = checked + (by.binds ? "&channel_binding=require" : "");
  struct row {
    const char* why;
    std::string user, password, settings;
    testing::Matcher<const std::string&> answer;
  };
  const row rows[] = {
      {"SCRAM, of which Highwater has the secret only", "bound", "pencil", bound, StartsWith("bound true")},
      {"... a wrong password", "bound", "pen", bound, HasSubstr("password authentication failed for user \"bound\"")},
      {"MD5", "old", "pencil", checked, StartsWith("old true")},
      {"a password, shown", "plain", "pencil", checked, StartsWith("plain true")},
      {"... wrong", "plain", "pen", checked, HasSubstr("password authentication failed for user \"plain\"")},
      {"a certificate", "ann", "", shown("ann"), StartsWith("ann true")},
      {"... somebody else's", "ann", "", shown("ben"), HasSubstr("certificate authentication failed for user \"ann\"")},
      {"... none", "ann", "", checked, HasSubstr("connection requires a valid client certificate")},
      {"in the clear", "bound", "pencil", "sslmode=disable", HasSubstr("no rule in auth.rules for host")},
      {"whom the client does not believe", "bound", "pencil", "sslmode=verify-full&sslrootcert=" + path("other_ca.crt"),
       ContainsRegex("certificate|CERTIFICATE|PKIX")},
  };
  std::vector<std::string> urls;
  for (const auto& each : rows) urls.push_back(url(by, each.user, each.password, each.settings));
  const auto answers = log_in(by, urls);
  ASSERT_EQ(answers.size(), std::size(rows)) << testing::PrintToString(answers);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_THAT(answers[i], rows[i].answer) << rows[i].why;
}

std::string program(const std::string& name) {
  return HIGHWATER_SOURCE_DIR "/tests/integration/drivers/" + name;
}

driver python(const std::string& module) {
  return {.program = {"/usr/bin/python3", "-B", program("door_login.py"), module}, .binds = module != "asyncpg"};
}
const driver node_postgres{.program = {"node", program("door_login.js")}};

TEST_F(door_drivers, psql) {
  try_all({.program = {"sh", program("door_login.sh"), server_program("psql")}});
}
TEST_F(door_drivers, psycopg2) {
  try_all(python("psycopg2"));
}
TEST_F(door_drivers, psycopg3) {
  try_all(python("psycopg3"));
}
TEST_F(door_drivers, asyncpg) {
  try_all(python("asyncpg"));
}
TEST_F(door_drivers, node_postgres) {
  try_all(node_postgres);
}
TEST_F(door_drivers, pgjdbc) {
  try_all({.program = {"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", "/usr/share/java/postgresql.jar",
                       program("DoorLogin.java")},
           .scheme = "jdbc:postgresql:",
           .binds = false,
           .key = ".pk8"});
}

TEST_F(door_drivers, lib_pq) {
  GO_ONLY();
  try_all({.program = {go_drivers(), "lib_pq", "door"}, .binds = false});
}
TEST_F(door_drivers, pgx) {
  GO_ONLY();
  try_all({.program = {go_drivers(), "pgx", "door"}, .binds = false});
}

// libpq fails where it cannot bind. node-postgres would go on without.
TEST_F(door_drivers, node_postgres_binds_what_it_proves_to_the_connection) {
  const auto checked = "sslmode=verify-full&sslrootcert=" + path("ca.crt");
  EXPECT_THAT(log_in(node_postgres, {url(node_postgres, "bound", "pencil", checked + "&channel_binding=require"),
                                     url(node_postgres, "bound", "pencil", checked)}),
              testing::ElementsAre("bound true SCRAM-SHA-256-PLUS", "bound true SCRAM-SHA-256"));
}

// What was shown opens replicas too.
TEST_F(door_drivers, everybody_reads_on_replicas) {
  const auto checked = " sslmode=verify-full sslrootcert=" + path("ca.crt");
  const auto shown = " sslcert=" + path("ann.crt") + " sslkey=" + path("ann.key");
  node& replica = servers->replica(0);
  for (const std::string user : {"bound", "plain", "old", "ann"}) {
    pg::connection session("host=localhost port=" + std::to_string(proxy->port()) + " dbname=postgres user=" + user +
                           checked + (user == "ann" ? shown : " password=pencil") +
                           " options='-c highwater.level=eventual'");
    await(user + " is served by the replica", [&] {
      EXPECT_EQ(session.scalar("select current_user"), user);
      return session.scalar("show highwater.last_route").find("role=replica") != std::string::npos;
    });
    EXPECT_EQ(replica.ask("select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where usename = '" +
                          user + "'"),
              "t");
  }
}

}  // namespace
}  // namespace highwater::testing_support
