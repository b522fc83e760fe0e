// What wants a database for itself does not meet our own idle connections to it.

#include <gmock/gmock.h>

#include "tests/integration/routed_test.hpp"
#include "tests/support/raw_client.hpp"

namespace highwater::testing_support {
namespace {

class databases : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(
        cluster_options{
            .settings = {"allow_in_place_tablespaces = on", "log_disconnections = on", "log_statement = ddl"}},
        std::vector<std::string>{"create tablespace other location ''", "create table t (n int)"},
        [](highwater_config& config) { config.set("pool", "{size: 4}"); });
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
    lab->cluster().primary().tell("create database shop");
    lab->cluster().await_replay();
  }
  void TearDown() override {
    if (!lab) return;
    for (const std::string each : {"shop", "till"})
      lab->cluster().primary().tell("drop database if exists " + each + " with (force)");
  }

  static pg::connection connect(const std::string& database = "shop") {
    return pg::connection(lab->proxy().conninfo(database));
  }
  // Both workers have connections to it, on every node.
  static void use(const std::string& database = "shop") {
    std::vector<pg::connection> sessions;
    for (int i = 0; i < 4; ++i) {
      sessions.push_back(connect(database));
      sessions.back().must("begin");
      sessions.back().must("select txid_current()");
    }
    for (auto& each : sessions) each.must("commit");
    lab->cluster().await_replay();
    await("the replicas are used too", [&] {
      for (auto& each : sessions) each.must("/* highwater: level=eventual */ select count(*) from pg_class");
      return std::ranges::all_of(lab->cluster().replicas(), [&](node* each) { return users(*each, database) != "0"; });
    });
  }
  static std::string users(node& where, const std::string& database = "shop") {
    return where.ask("select count(*) from pg_stat_activity where datname = '" + database +
                     "' and usename = 'postgres' and pid <> pg_backend_pid()");
  }

  static raw::client raw_session() {
    raw::client made(lab->proxy().port());
    made.log_in("postgres", "shop");
    return made;
  }
  static void expect_farewell(raw::client& session) {
    const auto told = session.expect('E');
    EXPECT_EQ(raw::error_field(told, 'S') + raw::error_field(told, 'C'), "FATAL57P01");
    EXPECT_EQ(raw::error_field(told, 'M'), "terminating connection due to administrator command");
    EXPECT_FALSE(session.read_message()) << "nothing but the end";
  }

  inline static std::unique_ptr<laboratory> lab;
};

TEST_F(databases, are_dropped_templates_renamed_and_moved) {
  const struct {
    const char *ddl, *tag;
  } rows[] = {
      {"create database till template shop", "CREATE DATABASE"},
      {"drop database till", "DROP DATABASE"},
      {"alter database shop set tablespace other", "ALTER DATABASE"},
      {"alter database shop rename to till", "ALTER DATABASE"},
      {"alter database till rename to shop", "ALTER DATABASE"},
      {"drop database shop", "DROP DATABASE"},
  };
  auto dba = connect("postgres");
  for (const auto& row : rows) {
    if (std::string(row.ddl).find("till rename") == std::string::npos && row.tag != std::string("DROP DATABASE")) use();
    if (row.ddl == std::string("drop database till")) use("till");
    const auto done = dba.exec(row.ddl);
    EXPECT_EQ(done.tag(), row.tag) << row.ddl << ": " << done.message();
  }
}

// The server itself would look for them every tenth of a second, and give up after five.
TEST_F(databases, are_empty_when_the_statement_comes) {
  const auto& primary = lab->cluster().primary();
  for (int round = 0; round < 5; ++round) {
    use();
    connect("postgres").must("drop database shop /* " + std::to_string(round) + " */");
    const auto log = primary.log();
    const auto comes = log.find("drop database shop /* " + std::to_string(round));
    ASSERT_NE(comes, std::string::npos);
    EXPECT_EQ(log.find("database=shop", comes), std::string::npos) << "a connection has ended later";
    connect("postgres").must("create database shop");
    lab->cluster().await_replay();
  }
}

TEST_F(databases, are_dropped_one_after_the_other) {
  connect("postgres").must("create database till");
  lab->cluster().await_replay();
  for (const std::string each : {"shop", "till"}) use(each);
  raw::client dba(lab->proxy().port());
  dba.log_in();
  dba.send(raw::query("select 1") + raw::query("drop database shop") + raw::query("drop database till"));
  dba.read_until_ready();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(raw::types(dba.read_until_ready()), "CZ");
}

TEST_F(databases, that_somebody_else_uses_are_in_use) {
  use();
  auto direct = lab->cluster().primary().connect("shop");
  auto dba = connect("postgres");
  EXPECT_EQ(dba.exec("drop database shop").sqlstate(), "55006");
  auto session = connect();
  EXPECT_EQ(session.scalar("select current_database()"), "shop");
}

TEST_F(databases, in_use_by_a_session_become_free_when_it_lets_go) {
  auto dba = connect("postgres");
  for (int round = 0; round < 4; ++round) {
    auto session = connect();
    session.must("begin");
    session.must("select txid_current()");
    pending drop(dba, "drop database shop");
    await("the server waits for it", [&] {
      return lab->cluster().primary().ask(
                 "select count(*) from pg_stat_activity where query = 'drop database shop' and state = 'active'") ==
             "1";
    });
    session.must("commit");
    const auto done = drop.take();
    EXPECT_TRUE(done.ok()) << done.message();
    dba.must("create database shop");
  }
}

TEST_F(databases, that_are_gone_end_their_sessions) {
  use();
  for (const std::string how : {"", " with (force)"}) {
    std::vector<raw::client> standing;
    for (int i = 0; i < 4; ++i) standing.push_back(raw_session());
    connect("postgres").must("drop database shop" + how);
    for (auto& each : standing) expect_farewell(each);
    EXPECT_THROW(connect(), pg::error);
    connect("postgres").must("create database shop");
    EXPECT_EQ(connect().scalar("select current_database()"), "shop");
  }
}

TEST_F(databases, that_are_dropped_by_force_end_what_is_under_way) {
  auto session = raw_session();
  session.query("begin");
  session.query("create table mine (n int)");
  connect("postgres").must("drop database shop with (force)");
  expect_farewell(session);
}

TEST_F(databases, that_are_dropped_round_the_proxy_end_their_sessions) {
  use();
  auto session = raw_session();
  lab->cluster().primary().tell("drop database shop with (force)");
  expect_farewell(session);
}

TEST_F(databases, of_the_same_name_are_judged_anew) {
  lab->cluster().primary().tell("create database till");
  const std::string function = "create function tells() returns boolean language sql ";
  lab->cluster().primary().connect("shop").must(function + "stable as 'select false'");
  lab->cluster().primary().connect("till").must(function + "volatile as 'select pg_is_in_recovery()'");
  lab->cluster().await_replay();
  auto first = connect();
  await("it is known to be a read", [&] { return read(first, "select tells()").by.role == "replica"; });
  auto dba = connect("postgres");
  dba.must("alter database shop rename to mall");
  dba.must("alter database till rename to shop");
  for (int i = 0; i < 8; ++i) {
    auto session = connect();
    EXPECT_EQ(session.scalar("select tells()"), "f");
  }
  dba.must("drop database mall");
}

// Replay ends whoever is connected there.
TEST_F(databases, are_dropped_on_replicas_and_no_client_notices) {
  auto reader = connect("postgres");
  for (int round = 0; round < 3; ++round) {
    use();
    use("postgres");
    connect("postgres").must("drop database shop");
    lab->cluster().await_replay();
    for (int i = 0; i < 20; ++i) {
      const auto found = reader.exec("/* highwater: level=eventual */ select 1");
      EXPECT_TRUE(found.ok()) << found.message();
    }
    connect("postgres").must("create database shop");
    lab->cluster().await_replay();
  }
  EXPECT_FALSE(reader.broken());
}

}  // namespace
}  // namespace highwater::testing_support
