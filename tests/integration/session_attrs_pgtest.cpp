// Drivers that are given several hosts, or are to find out what kind of server they have come to (target_session_attrs,
// targetServerType): Highwater is what the primary is, whichever node answers, at whichever level.

#include <gmock/gmock.h>

#include <sstream>

#include "tests/integration/program_test.hpp"
#include "tests/integration/routed_test.hpp"
#include "tests/support/faulty_server.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

// What stands behind it tells nobody whether it is a standby, as servers before PostgreSQL 14. Who wants to know asks.
class older_server final : public relay {
public:
  explicit older_server(std::uint16_t server_port) : relay(server_port) { start(); }
  ~older_server() override { stop(); }

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override {
    std::string changed(bytes);
    const auto at = from_client ? std::string::npos : changed.find("in_hot_standby");
    if (at != std::string::npos) changed.replace(at, 2, "no");
    return relay::pass_on(through, from_client, changed);
  }
};

// Statements that may run on a replica do: eventual. And whatever the replica says of itself, it is not what is told.
class session_attrs : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab =
        std::make_unique<laboratory>(cluster_options{.replicas = 1}, std::vector<std::string>{},
                                     [](highwater_config& config) { config.set("consistency", "{level: eventual}"); });
    replica().set("default_transaction_read_only", "on");
    await("the replica's sessions are read-only",
          [] { return replica().ask("show default_transaction_read_only") == "on"; });
    old = std::make_unique<older_server>(lab->proxy().port());
  }
  static void TearDownTestSuite() {
    old.reset();
    lab.reset();
  }
  void SetUp() override {
    if (testing_direct()) GTEST_SKIP() << "says something about the proxy";
  }

  static node& replica() { return lab->cluster().replica(0); }
  static std::string here() { return std::to_string(lab->proxy().port()); }
  static std::string older() { return std::to_string(old->port()); }
  static std::string standby() { return std::to_string(replica().port()); }

  static std::string libpq_hosts(const std::string& ports) {
    const bool several = ports.find(',') != std::string::npos;
    return "host=127.0.0.1" + std::string(several ? ",127.0.0.1" : "") + " port=" + ports +
           " user=postgres dbname=postgres";
  }
  // The port that it has come to, or why to none.
  static std::string taken(const std::string& ports, const std::string& attrs, const std::string& more = "") {
    try {
      pg::connection made(libpq_hosts(ports) + " target_session_attrs=" + attrs + more);
      EXPECT_EQ(made.scalar("select 1"), "1");
      return PQport(made.raw());
    } catch (const pg::error& why) {
      return why.what();
    }
  }

  inline static std::unique_ptr<laboratory> lab;
  inline static std::unique_ptr<older_server> old;
};

const std::string not_standby = "server is not in hot standby mode";
const std::string not_read_only = "session is not read-only";

TEST_F(session_attrs, libpq_takes_it_for_a_primary) {
  for (const auto& it : {here(), older()}) {
    const auto both = it + "," + standby();
    const auto turned = standby() + "," + it;
    struct row {
      std::string attrs, ports, taken;
    };
    const row rows[] = {
        {"any", it, it},
        {"read-write", it, it},
        {"primary", it, it},
        {"prefer-standby", it, it},
        {"standby", it, not_standby},
        {"read-only", it, not_read_only},
        {"any", both, it},
        {"read-write", both, it},
        {"read-write", turned, it},
        {"primary", turned, it},
        {"any", turned, standby()},
        {"standby", both, standby()},
        {"read-only", both, standby()},
        {"prefer-standby", both, standby()},
    };
    for (const auto& each : rows) {
      EXPECT_THAT(taken(each.ports, each.attrs), HasSubstr(each.taken))
          << each.attrs << " of " << each.ports << (it == here() ? "" : ", as of an older server");
    }
  }
}

// It is the client's own wish then, as on a primary.
TEST_F(session_attrs, are_also_what_the_client_asks_for) {
  const std::string read_only = " options='-c default_transaction_read_only=on'";
  for (const auto& it : {here(), older()}) {
    EXPECT_THAT(taken(it, "read-write", read_only), HasSubstr("session is read-only"));
    EXPECT_EQ(taken(it, "read-only", read_only), it);
    EXPECT_EQ(taken(it, "primary", read_only), it);
  }
}

// What drivers ask, in either protocol.
TEST_F(session_attrs, are_the_primarys_at_every_level) {
  struct row {
    std::string sql, answer;
  };
  const row rows[] = {{"SHOW transaction_read_only", "off"},
                      {"show transaction_read_only", "off"},
                      {"SELECT pg_catalog.pg_is_in_recovery()", "f"},
                      {"select pg_is_in_recovery()", "f"},
                      {"SHOW in_hot_standby", "off"},
                      {"SHOW default_transaction_read_only", "off"},
                      {"select current_setting('transaction_read_only')", "off"}};
  for (const auto* level :
       {"eventual", "monotonic_reads", "read_your_writes", "session", "causal", "strong", "primary"}) {
    auto session = lab->connect(level);
    EXPECT_EQ(session.setting("in_hot_standby"), "off");
    EXPECT_EQ(session.setting("default_transaction_read_only"), "off");
    for (const auto& [sql, answer] : rows) {
      EXPECT_EQ(session.scalar(sql), answer) << sql << " at " << level;
      EXPECT_EQ(session.exec_params(sql, {}).text(), answer) << sql << " at " << level;
    }
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream output(text);
  for (std::string line; std::getline(output, line);) lines.push_back(line);
  return lines;
}

std::string program(const std::string& name) {
  return HIGHWATER_SOURCE_DIR "/tests/integration/drivers/" + name;
}

// It asks for transaction_read_only besides what it is told.
TEST_F(session_attrs, pgjdbc_takes_it_for_a_primary) {
  struct row {
    std::string type, ports, taken;
  };
  const std::string none = "Could not find a server with specified targetServerType";
  std::vector<row> rows;
  for (const auto& it : {here(), older()}) {
    const auto both = it + "," + standby();
    const auto turned = standby() + "," + it;
    rows.insert(rows.end(), {{"any", it, it},
                             {"primary", it, it},
                             {"preferPrimary", it, it},
                             {"preferSecondary", it, it},
                             {"secondary", it, none},
                             {"primary", both, it},
                             {"primary", turned, it},
                             {"preferPrimary", turned, it},
                             {"secondary", both, standby()},
                             {"preferSecondary", both, standby()}});
  }
  arguments argv{"java", "-XX:TieredStopAtLevel=1",        "-Xshare:auto",
                 "-cp",  "/usr/share/java/postgresql.jar", program("JdbcHosts.java")};
  for (const auto& each : rows) {
    const auto comma = each.ports.find(',');
    auto hosts = "127.0.0.1:" + each.ports.substr(0, comma);
    if (comma != std::string::npos) hosts += ",127.0.0.1:" + each.ports.substr(comma + 1);
    // Nothing is remembered of a host.
    argv.push_back("jdbc:postgresql://" + hosts +
                   "/postgres?user=postgres&hostRecheckSeconds=0&targetServerType=" + each.type);
  }
  const auto answers = lines_of(run_or_throw({.argv = argv}, milliseconds(180'000)));
  ASSERT_EQ(answers.size(), rows.size()) << testing::PrintToString(answers);
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_THAT(answers[i], HasSubstr(rows[i].taken)) << rows[i].type << " of " << rows[i].ports;
}

// It asks, and looks at nothing that it is told.
TEST_F(session_attrs, pgx_takes_it_for_a_primary) {
  GO_ONLY();
  const auto both = here() + "," + standby();
  const auto turned = standby() + "," + here();
  struct row {
    std::string attrs, ports, taken;
  };
  const row rows[] = {
      {"any", here(), here()},
      {"read-write", here(), here()},
      {"primary", here(), here()},
      {"standby", here(), not_standby},
      {"read-only", here(), "connection is not read only"},
      {"read-write", turned, here()},
      {"primary", turned, here()},
      {"standby", both, standby()},
      {"read-only", both, standby()},
  };
  arguments argv{go_drivers(), "pgx", "hosts"};
  for (const auto& each : rows)
    argv.push_back(libpq_hosts(each.ports) + " sslmode=disable target_session_attrs=" + each.attrs);
  const auto answers = lines_of(run_or_throw({.argv = argv}));
  ASSERT_EQ(answers.size(), std::size(rows)) << testing::PrintToString(answers);
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_THAT(answers[i], HasSubstr(rows[i].taken)) << rows[i].attrs << " of " << rows[i].ports;
}

TEST_F(session_attrs, asyncpg_takes_it_for_a_primary) {
  const auto said = [](const arguments& ports) {
    arguments argv{"/usr/bin/python3", "-B", program("asyncpg_hosts.py")};
    argv.insert(argv.end(), ports.begin(), ports.end());
    return run_or_throw(
        {.argv = argv, .environment = {{"PGUSER", "postgres"}, {"PGDATABASE", "postgres"}, {"PGSSLMODE", "disable"}}},
        milliseconds(180'000));
  };
  const reserved_port nobodys;
  EXPECT_EQ(said({std::to_string(nobodys.number()), here(), standby()}), here() + " off off False off\n");
  EXPECT_EQ(said({standby(), here()}), standby() + " on on True on\n") << "so the test tells one from the other";
}

// While there is no primary, a replica says what clients are told, and by its own configuration. That is forgotten
// when there is one.
TEST_F(session_attrs, are_the_primarys_again_when_there_is_one) {
  node& primary = lab->cluster().primary();
  const auto login = [] { return lab->connect("eventual", "application_name=early"); };
  primary.stop();
  lab->await_up(primary, false);
  EXPECT_EQ(login().setting("default_transaction_read_only"), "on") << "it is the replica's";
  primary.start();
  lab->await_primary(primary);
  for (int again = 0; again < 3; ++again) {
    auto session = login();
    EXPECT_EQ(session.setting("default_transaction_read_only"), "off");
    EXPECT_EQ(session.exec("create temp table writes (n int)").sqlstate(), "");
  }
}

}  // namespace
}  // namespace highwater::testing_support
