// Where transactions run: those that only read are placed once, on one replica, and stay there; all others are the
// primary's.

#include <gmock/gmock.h>

#include "tests/integration/routed_test.hpp"
#include "tests/support/raw_client.hpp"

namespace highwater::testing_support {
namespace {

class transactions : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    const std::vector<std::string> tables{
        "create table register (v int not null); insert into register values (0);"
        "create unlogged table scratch (v int)"};
    lab = std::make_unique<laboratory>(cluster_options{}, tables, [](highwater_config& config) {
      config.set("consistency", "{level: session, on_stale: [{wait: 20s}, error]}");
    });
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }
  void TearDown() override {
    if (!lab) return;
    for (node* each : lab->cluster().replicas()) each->resume_replay();
    lab->cluster().await_replay();
    for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  }

  // Begins as told, and reads many times: all of it must be one snapshot's or one node's.
  static void expect_on_one_replica(pg::connection& session, const std::vector<std::string>& beginning) {
    for (const auto& sql : beginning) session.must(sql);
    EXPECT_EQ(session.transaction(), PQTRANS_INTRANS);
    const auto first = read(session, "select v from register");
    EXPECT_EQ(first.by.role, "replica") << first.by.text;
    for (int again = 0; again < 6; ++again) {
      EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "t");
      EXPECT_EQ(session.scalar("show cluster_name"), first.by.node);
    }
    session.must("commit");
    EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
  }
  static void expect_on_the_primary(pg::connection& session, const std::vector<std::string>& beginning) {
    for (const auto& sql : beginning) session.must(sql);
    for (int again = 0; again < 3; ++again) EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "f");
    EXPECT_EQ(read(session, "select v from register").by.node, "a");
    session.must("update register set v = v + 1");
    session.must("commit");
    EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
  }

  inline static std::unique_ptr<laboratory> lab;
};

TEST_F(transactions, that_say_they_only_read_stay_on_one_replica) {
  const std::vector<std::vector<std::string>> ways{
      {"begin read only"},
      {"start transaction read only"},
      {"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"},
      {"begin", "set transaction read only"},
      {"begin isolation level repeatable read", "set transaction read only"},
      {"begin; set transaction read only"},
      {"begin read only; select 1"},
  };
  for (const auto& way : ways) {
    SCOPED_TRACE(way.front());
    auto session = lab->connect();
    expect_on_one_replica(session, way);
  }
}

TEST_F(transactions, that_only_read_by_default_stay_on_one_replica) {
  pg::connection by_option(lab->proxy().conninfo() + " options='-c default_transaction_read_only=on'");
  expect_on_one_replica(by_option, {"begin"});
  auto by_setting = lab->connect();
  by_setting.must("set default_transaction_read_only = on");
  expect_on_one_replica(by_setting, {"start transaction"});
  auto by_characteristics = lab->connect();
  by_characteristics.must("set session characteristics as transaction read only");
  expect_on_one_replica(by_characteristics, {"begin"});
}

TEST_F(transactions, that_may_write_run_on_the_primary) {
  for (const std::vector<std::string>& way :
       std::vector<std::vector<std::string>>{{"begin"},
                                             {"begin read write"},
                                             {"start transaction"},
                                             {"begin", "set transaction read write"},
                                             {"begin; select 1"}}) {
    SCOPED_TRACE(way.front());
    auto session = lab->connect();
    expect_on_the_primary(session, way);
  }
  pg::connection session(lab->proxy().conninfo() + " options='-c default_transaction_read_only=on'");
  expect_on_the_primary(session, {"begin read write"});
}

TEST_F(transactions, that_are_serializable_run_on_the_primary) {
  for (const char* way :
       {"begin isolation level serializable", "begin isolation level serializable read only deferrable"}) {
    SCOPED_TRACE(way);
    auto session = lab->connect();
    session.must(way);
    EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "f");
    EXPECT_EQ(session.scalar("show transaction_isolation"), "serializable");
    session.must("commit");
  }
  pg::connection session(lab->proxy().conninfo() + " options='-c default_transaction_isolation=serializable'");
  session.must("begin read only");
  EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "f");
  session.must("commit");
  EXPECT_EQ(read(session, "select v from register").by.node, "a");
}

TEST_F(transactions, that_only_read_see_what_the_session_wrote_before) {
  auto session = lab->connect();
  lab->cluster().replica(1).pause_replay();
  for (int written = 100; written < 106; ++written) {
    session.must("update register set v = " + std::to_string(written));
    session.must("begin read only");
    EXPECT_EQ(session.scalar("select v from register"), std::to_string(written));
    EXPECT_EQ(session.scalar("show cluster_name"), lab->cluster().replica(0).name());
    session.must("commit");
  }
}

TEST_F(transactions, keep_their_snapshot) {
  for (const char* way :
       {"begin isolation level repeatable read, read only", "begin isolation level repeatable read"}) {
    SCOPED_TRACE(way);
    auto session = lab->connect();
    session.must(way);
    const auto before = session.scalar("select v from register");
    auto other = lab->connect();
    other.must("update register set v = v + 1");
    lab->cluster().await_replay();
    EXPECT_EQ(session.scalar("select v from register"), before);
    session.must("commit");
    EXPECT_EQ(session.scalar("select v from register"), std::to_string(std::stoi(before) + 1));
  }
}

TEST_F(transactions, savepoints_work_on_both_kinds_of_nodes) {
  for (const char* way : {"begin", "begin read only"}) {
    SCOPED_TRACE(way);
    auto session = lab->connect();
    session.must(way);
    session.must("select v from register");
    const auto where = session.scalar("show cluster_name");
    session.must("savepoint here");
    EXPECT_EQ(session.exec("select 1 / 0").sqlstate(), "22012");
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    session.must("rollback to savepoint here");
    EXPECT_EQ(session.transaction(), PQTRANS_INTRANS);
    EXPECT_EQ(session.scalar("show cluster_name"), where);
    session.must("release savepoint here");
    session.must("commit");
  }
}

TEST_F(transactions, that_have_failed_refuse_statements_and_end_with_a_rollback) {
  for (const char* way : {"begin", "begin read only"}) {
    SCOPED_TRACE(way);
    auto session = lab->connect();
    session.must(way);
    EXPECT_EQ(session.exec("select nonsense").sqlstate(), "42703");
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    EXPECT_EQ(session.exec("select 1").sqlstate(), "25P02");
    EXPECT_EQ(session.exec("commit").tag(), "ROLLBACK");
    EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
    EXPECT_EQ(session.scalar("select 1"), "1");
  }
}

// BEGIN has been answered when its first read finds no node: the transaction has failed, and the session goes on.
TEST_F(transactions, that_fail_before_they_reach_a_server_end_with_a_rollback) {
  for (const bool ends_at_once : {true, false}) {
    SCOPED_TRACE(ends_at_once ? "rollback follows" : "other statements follow");
    for (node* each : lab->cluster().replicas()) each->pause_replay();
    auto session = lab->connect();
    session.must("update register set v = v + 1");
    session.must("begin isolation level repeatable read, read only");
    pending first(session, "select v from register");
    lab->await_waiting();
    ASSERT_TRUE(session.cancel());
    EXPECT_EQ(first.take().sqlstate(), "57014");
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    if (!ends_at_once) {
      EXPECT_EQ(session.exec("select 1").sqlstate(), "25P02");
      EXPECT_EQ(session.exec_params("select $1::int", {"1"}).sqlstate(), "25P02");
      EXPECT_EQ(session.exec("savepoint s").sqlstate(), "25P02");
      EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    }
    const auto end = session.exec("commit");
    EXPECT_TRUE(end.ok());
    EXPECT_EQ(end.tag(), "ROLLBACK");
    EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
    session.must("update register set v = v + 1");
    for (node* each : lab->cluster().replicas()) each->resume_replay();
    session.must("begin read only");
    EXPECT_EQ(read(session, "select v from register").by.role, "replica");
    session.must("commit");
  }
}

TEST_F(transactions, keep_what_is_said_behind_a_comment) {
  auto session = lab->connect();
  for (const char* begin : {"begin -- now", "begin /* now */;", "begin;"}) {
    session.must(begin);
    session.must("set transaction isolation level repeatable read");
    EXPECT_EQ(session.scalar("show transaction_isolation"), "repeatable read") << begin;
    session.must("commit");
  }
  session.must("begin read write -- orm");
  session.must("set transaction read only");
  EXPECT_EQ(session.scalar("select v from register where false union all select 1"), "1");
  EXPECT_EQ(session.transaction(), PQTRANS_INTRANS);
  session.must("commit");
}

TEST_F(transactions, on_a_replica_refuse_to_make_session_state) {
  for (const char* sql : {"select pg_advisory_lock(1)", "prepare p as select v from register for update",
                          "declare c cursor with hold for select 1"}) {
    SCOPED_TRACE(sql);
    auto session = lab->connect();
    session.must("begin read only");
    ASSERT_EQ(read(session, "select v from register").by.role, "replica");
    EXPECT_EQ(session.exec(sql).sqlstate(), "25006");
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    session.must("rollback");
  }
}

TEST_F(transactions, that_only_read_refuse_to_write) {
  auto session = lab->connect();
  session.must("begin read only");
  session.must("select v from register");
  EXPECT_EQ(session.exec("update register set v = 1").sqlstate(), "25006");
  EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
  session.must("rollback");
  session.must("begin read only");
  EXPECT_EQ(session.exec("update register set v = 1").sqlstate(), "25006") << "also as its first statement";
  session.must("rollback");
}

TEST_F(transactions, that_do_nothing_end_as_they_should) {
  auto session = lab->connect();
  EXPECT_EQ(session.must("begin").tag(), "BEGIN");
  EXPECT_EQ(session.transaction(), PQTRANS_INTRANS);
  EXPECT_EQ(session.must("commit").tag(), "COMMIT");
  EXPECT_EQ(session.must("start transaction").tag(), "START TRANSACTION");
  EXPECT_EQ(session.must("begin read only").tag(), "BEGIN");
  EXPECT_EQ(session.must("commit").tag(), "COMMIT");
  EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
}

TEST_F(transactions, in_the_extended_protocol_are_placed_alike) {
  auto session = lab->connect();
  session.exec_params("begin read only", {});
  EXPECT_EQ(session.exec_params("select pg_is_in_recovery()", {}).text(), "t");
  session.exec_params("commit", {});
  session.exec_params("begin", {});
  EXPECT_EQ(session.exec_params("select pg_is_in_recovery()", {}).text(), "f");
  session.exec_params("rollback", {});
  EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
}

// Rules 5 and 6: what a transaction showed, the session does not go behind.
TEST_F(transactions, reads_on_the_primary_bind_the_reads_that_follow) {
  auto session = lab->connect();
  lab->cluster().replica(1).pause_replay();
  for (int written = 200; written < 204; ++written) {
    lab->cluster().primary().tell("update register set v = " + std::to_string(written));
    session.must("begin");
    ASSERT_EQ(session.scalar("select v from register"), std::to_string(written));
    session.must("commit");
    EXPECT_EQ(session.scalar("select v from register"), std::to_string(written)) << route_of(session).text;
  }
}

// Behind its COMMIT the replica has to be chosen anew, or left.
TEST_F(transactions, on_a_replica_end_where_they_end) {
  auto session = lab->connect();
  for (const bool writes : {true, false}) {
    raw::client pipeliner(lab->proxy().port());
    pipeliner.log_in();
    lab->cluster().replica(0).pause_replay();
    lab->cluster().replica(1).pause_replay();
    const auto before = session.scalar("/* highwater: level=primary */ select v from register");
    pipeliner.send(raw::query("begin read only") + raw::query("select v from register") + raw::query("commit") +
                   raw::query(writes ? "update register set v = v + 1 returning v"
                                     : "/* highwater: level=primary */ select v from register"));
    for (int i = 0; i < 3; ++i) pipeliner.read_until_ready();
    const auto last = pipeliner.read_until_ready();
    ASSERT_EQ(raw::types(last), "TDCZ");
    EXPECT_EQ(raw::row(last[1]).at(0), std::to_string(std::stoi(before) + (writes ? 1 : 0)));
    TearDown();
  }
}

TEST_F(transactions, on_a_replica_are_not_chained) {
  auto session = lab->connect();
  session.must("begin read only");
  EXPECT_EQ(read(session, "select v from register").by.role, "replica");
  EXPECT_EQ(session.exec("commit and chain").sqlstate(), "0A000");
  session.must("rollback");
  session.must("begin");
  session.must("update register set v = v");
  session.must("commit and chain");
  EXPECT_EQ(session.transaction(), PQTRANS_INTRANS);
  session.must("commit");
}

TEST_F(transactions, on_a_replica_do_not_go_on_behind_a_commit_without_a_sync) {
  raw::client session(lab->proxy().port());
  session.log_in();
  session.query("begin read only");
  session.query("select v from register");
  const auto run = [](const std::string& sql) { return raw::parse("", sql) + raw::bind("", "") + raw::execute(); };
  session.send(run("commit") + raw::flush() + run("select 1") + raw::sync() +
               raw::query("/* highwater: level=strong */ select v from register"));
  const auto answer = session.read_until_ready();
  EXPECT_EQ(raw::types(answer), "12CEZ");
  EXPECT_EQ(raw::error_field(answer[3], 'C'), "0A000");
  EXPECT_EQ(raw::types(session.read_until_ready()), "TDCZ");
}

// Rule 24: the replica was held against the level of its BEGIN.
TEST_F(transactions, on_a_replica_refuse_a_stronger_level_that_comes_too_late) {
  const std::vector<std::string> ways{"/* highwater: level=strong */ select v from register",
                                      "set highwater.level = strong", "set local highwater.level = 'causal'"};
  for (const auto& way : ways) {
    SCOPED_TRACE(way);
    auto session = lab->connect();
    session.must("begin read only");
    EXPECT_EQ(read(session, "select v from register").by.role, "replica");
    const auto refused = session.exec(way);
    EXPECT_EQ(refused.sqlstate(), "25001");
    EXPECT_THAT(refused.message(), testing::HasSubstr("must be asked for before any query"));
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    EXPECT_EQ(session.must("/* highwater: level=strong */ rollback").tag(), "ROLLBACK");
    EXPECT_EQ(session.scalar("show highwater.level"), "session");
  }
  auto session = lab->connect("eventual");
  session.must("set highwater.level = strong");
  for (const std::string begin : {"begin read only", "/* highwater: level=causal */ begin read only"}) {
    session.must(begin);
    EXPECT_EQ(read(session, "select v from register").by.role, "replica");
    session.must("/* highwater: level=causal */ select v from register");
    session.must("set local highwater.level = monotonic_reads");
    session.must("commit");
  }
  session.must("set highwater.level = monotonic_reads");
  session.must("begin read only");
  EXPECT_EQ(read(session, "select v from register").by.role, "replica");
  session.must("reset highwater.level");
  session.must("commit");
  session.must("begin");
  session.must("update register set v = v");
  session.must("/* highwater: level=strong */ select v from register");
  session.must("set highwater.level = strong");
  session.must("commit");
}

TEST_F(transactions, that_only_read_may_begin_with_savepoints_cursors_and_settings) {
  const std::vector<std::vector<std::string>> ways{
      {"savepoint a", "select v from register", "release a"},
      {"savepoint a", "rollback to a"},
      {"declare c cursor for select v from register", "fetch c", "close c"},
      {"set local work_mem = '7MB'", "select v from register"},
      {"select set_config('work_mem', '7MB', true)"},
      {"set work_mem = '7MB'"},
      {"set transaction isolation level repeatable read", "savepoint a"},
      {"show work_mem"},
  };
  for (const auto& way : ways) {
    SCOPED_TRACE(way.front());
    auto session = lab->connect();
    session.must("begin read only");
    for (const auto& sql : way) session.must(sql);
    EXPECT_EQ(route_of(session).role, "replica") << route_of(session).text;
    EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "t");
    if (way.front().find("7MB") != std::string::npos) {
      EXPECT_EQ(session.scalar("show work_mem"), "7MB");
    }
    session.must("commit");
    const bool lasts = way.front().starts_with("set work_mem");
    EXPECT_EQ(session.scalar("show work_mem"), lasts ? "7MB" : "4MB");
  }
}

TEST_F(transactions, that_only_read_begin_on_the_primary_with_what_only_that_can_do) {
  for (const std::string first :
       {"declare c cursor with hold for select v from register", "declare c cursor for select v from scratch",
        "select count(*) from scratch", "listen news", "notify news", "select txid_current()",
        "select pg_advisory_xact_lock(1)", "prepare p as select 1", "select current_setting('port')",
        "set local transaction_read_only = off", "select pg_relation_size('register')"}) {
    auto session = lab->connect();
    session.must("begin read only");
    session.must(first);
    EXPECT_EQ(session.scalar("select pg_is_in_recovery()"), "f") << first;
    session.must("rollback");
  }
}

// As pgjdbc with autosave=always sends it.
TEST_F(transactions, that_only_read_go_on_behind_a_savepoint_in_the_same_exchange) {
  raw::client session(lab->proxy().port());
  session.log_in();
  const auto run = [](const std::string& sql) { return raw::parse("", sql) + raw::bind("", "") + raw::execute(); };
  session.query("begin read only");
  session.send(run("savepoint a") + run("select pg_catalog.version() is null and v is null from register") +
               raw::sync());
  session.read_until_ready();
  EXPECT_EQ(raw::row(session.query("select pg_is_in_recovery()")[1]).at(0), "t");
  session.query("commit");
  session.send(run("begin read only") + run("savepoint a") + run("select v from register") + raw::sync());
  session.read_until_ready();
  EXPECT_EQ(raw::row(session.query("select pg_is_in_recovery()")[1]).at(0), "t");
  session.query("commit");
}

// It would be taken on this one node, and everybody else looks for it on the primary.
TEST_F(transactions, on_a_replica_take_no_advisory_lock) {
  auto session = lab->connect();
  session.must("begin read only");
  EXPECT_EQ(read(session, "select v from register").by.role, "replica");
  const auto refused = session.exec("select pg_try_advisory_xact_lock(1)");
  EXPECT_EQ(refused.sqlstate(), "25006");
  EXPECT_THAT(refused.message(), testing::HasSubstr("advisory lock"));
  EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
  session.must("rollback");
}

TEST_F(transactions, in_which_nothing_was_done_end_where_they_began) {
  auto session = lab->connect();
  session.must("select v from register");
  for (const std::string end : {"commit", "END", "rollback", "Abort"}) {
    const counted writes(lab->proxy(), "highwater_writes_total", {{"node", "a"}});
    session.must("begin");
    session.must("set transaction isolation level repeatable read");
    const auto tag = session.must(end).tag();
    EXPECT_EQ(tag, end == "commit" || end == "END" ? "COMMIT" : "ROLLBACK");
    EXPECT_EQ(session.transaction(), PQTRANS_IDLE);
    EXPECT_EQ(writes.more(), 0);
    EXPECT_EQ(route_of(session).role, "replica") << "of what was asked before";
  }
}

}  // namespace
}  // namespace highwater::testing_support
