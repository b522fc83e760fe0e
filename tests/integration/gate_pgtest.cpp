// Rule 9: what a replica has shown, the primary may not show yet. A commit that waits for a synchronous standby that
// does not exist is such a one, for as long as a test wants.

#include <gmock/gmock.h>

#include <csignal>
#include <optional>

#include "tests/integration/routed_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class gate : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(
        cluster_options{}, std::vector<std::string>{"create table made (id int primary key, touched int default 0)"},
        configure);
  }
  static void TearDownTestSuite() { lab.reset(); }

  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }
  void TearDown() override {
    if (!lab) return;
    release();
    for (node* each : lab->cluster().replicas()) {
      if (!each->running()) each->start();
    }
    lab->cluster().await_replay();
    for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  }

  static void configure(highwater_config& config) {
    config.set("pool", "{size: 10, queue_timeout: 25s}")
        .set("consistency", "{level: session, on_stale: [{wait: 20s}, primary]}");
  }

  static node& primary() { return lab->cluster().primary(); }
  static node& first() { return lab->cluster().replica(0); }

  // A row that all replicas show, and the primary does not until release().
  static void hang_a_commit(int id) {
    primary().set("synchronous_standby_names", "nobody");
    auto observer = primary().connect();
    probe.emplace(primary().connect());
    await_hanging_commits(observer, *probe);
    hanging.emplace(primary().connect());
    const auto sql = "insert into made values (" + std::to_string(id) + ")";
    ASSERT_EQ(PQsendQuery(hanging->raw(), sql.c_str()), 1);
    const std::string here = "select count(*) from made where id = " + std::to_string(id);
    for (node* each : lab->cluster().replicas()) {
      await("the replica shows it", [&] { return each->ask(here) == "1"; });
    }
    ASSERT_EQ(observer.scalar(here), "0") << "the primary shows it already";
  }
  static void release() {
    primary().set("synchronous_standby_names", "");
    for (auto* each : {&probe, &hanging}) {
      while (*each && (*each)->next()) {
      }
      each->reset();
    }
  }

  // A session that has seen the row on a replica.
  static pg::connection session_that_has_seen(int id, const std::string& level = {}) {
    auto session = lab->connect(level);
    const auto seen = read(session, "select max(id) from made");
    EXPECT_EQ(seen.value, std::to_string(id)) << seen.by.text;
    EXPECT_EQ(seen.by.role, "replica") << seen.by.text;
    return session;
  }
  static std::string touch(int id) { return "update made set touched = touched + 1 where id = " + std::to_string(id); }
  static void await_closed() {
    await("a statement waits at the gate", [&] { return lab->proxy().metric("highwater_gate_waiting") == 1; });
  }

  inline static std::unique_ptr<laboratory> lab;
  inline static std::optional<pg::connection> probe;
  inline static std::optional<pg::connection> hanging;
};

TEST_F(gate, write_waits_until_the_primary_shows_what_a_replica_has_shown) {
  hang_a_commit(10);
  auto session = session_that_has_seen(10);
  pending write(session, touch(10));
  await_closed();
  EXPECT_FALSE(write.answered());
  release();
  EXPECT_EQ(write.take().tag(), "UPDATE 1");
  EXPECT_EQ(lab->proxy().metric("highwater_gate_waiting"), 0);
}

TEST_F(gate, transaction_begins_when_the_primary_shows_it) {
  hang_a_commit(20);
  auto session = session_that_has_seen(20);
  session.must("begin");
  pending first_of_it(session, "select max(id) from made");
  await_closed();
  release();
  EXPECT_EQ(first_of_it.take().text(), "20");
  session.must("commit");
}

TEST_F(gate, read_of_level_primary_waits_too) {
  hang_a_commit(30);
  auto session = session_that_has_seen(30);
  pending read(session, "/* highwater: level=primary */ select max(id) from made");
  await_closed();
  release();
  EXPECT_EQ(read.take().text(), "30");
}

// Nobody can ask the replica any more, and the primary's word alone has to do.
TEST_F(gate, read_that_falls_back_from_a_dead_replica_waits_too) {
  hang_a_commit(40);
  auto session = session_that_has_seen(40);
  for (node* each : lab->cluster().replicas()) each->kill9();
  pending read(session, "select max(id) from made");
  await_closed();
  EXPECT_FALSE(read.answered());
  release();
  EXPECT_EQ(read.take().text(), "40");
  EXPECT_EQ(route_of(session).node, primary().name());
}

TEST_F(gate, transactions_that_nobody_commits_hold_up_nothing) {
  primary().tell("insert into made values (50)");
  lab->cluster().await_replay();
  for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  auto idle = primary().connect();
  idle.must("begin; insert into made values (-50)");
  auto busy = primary().connect();
  pending never_ends(busy, "with one as (insert into made values (-51) returning 1) select pg_sleep(600) from one");
  await("it has an id",
        [&] { return primary().ask("select count(*) from pg_stat_activity where backend_xid is not null") == "2"; });
  auto session = session_that_has_seen(50);
  for (node* each : lab->cluster().replicas()) each->kill9();
  EXPECT_EQ(session.must(touch(50)).tag(), "UPDATE 1");
  idle.must("rollback");
  primary().tell("select pg_terminate_backend(" + std::to_string(busy.backend_pid()) + ", 10000)");
  never_ends.take();
}

TEST_F(gate, write_that_has_waited_long_enough_fails_and_says_why) {
  highwater_config config(lab->cluster());
  configure(config);
  config.set("pool", "{size: 10, queue_timeout: 500ms}");
  const highwater_process proxy(config);
  proxy.await_ready();
  hang_a_commit(60);
  auto session = proxy.connect();
  await("a replica serves it", [&] {
    session.must("select max(id) from made");
    return route_of(session).role == "replica";
  });
  const auto shown_by = route_of(session).node;
  const auto failed = session.exec(touch(60));
  EXPECT_EQ(failed.sqlstate(), "40001") << failed.message();
  EXPECT_THAT(failed.message(), HasSubstr("500 ms"));
  const auto detail = failed.diagnostic(PG_DIAG_MESSAGE_DETAIL);
  EXPECT_THAT(detail, HasSubstr("Node " + shown_by));
  EXPECT_THAT(detail, HasSubstr("node " + primary().name()));
  const auto first_one =
      primary().ask("select min(backend_xid::text::int) from pg_stat_activity where wait_event = 'SyncRep'");
  EXPECT_THAT(detail, HasSubstr("transaction " + first_one + " is"));
  EXPECT_THAT(failed.diagnostic(PG_DIAG_MESSAGE_HINT), HasSubstr("synchronous_standby_names"));
  EXPECT_EQ(proxy.metric("highwater_gate_timeouts_total"), 1);
  EXPECT_EQ(session.scalar("select max(id) from made"), "60") << "the session goes on, on the replica";
  release();
  EXPECT_EQ(session.must(touch(60)).tag(), "UPDATE 1");
}

TEST_F(gate, is_none_for_levels_that_may_go_back) {
  hang_a_commit(70);
  for (const char* level : {"eventual", "read_your_writes"}) {
    auto session = session_that_has_seen(70, level);
    EXPECT_EQ(session.must(touch(70)).tag(), "UPDATE 0") << level;
  }
}

TEST_F(gate, is_closed_by_what_others_were_told_at_causal_only) {
  hang_a_commit(80);
  auto ada = session_that_has_seen(80);
  auto careless = lab->connect("session");
  EXPECT_EQ(careless.must(touch(80)).tag(), "UPDATE 0");
  auto bob = lab->connect("causal");
  pending write(bob, touch(80));
  await_closed();
  release();
  EXPECT_EQ(write.take().tag(), "UPDATE 1");
}

TEST_F(gate, is_found_open_by_whoever_has_read_some_time_ago) {
  primary().tell("insert into made values (90)");
  lab->cluster().await_replay();
  for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  auto session = session_that_has_seen(90);
  for (const auto& each : lab->cluster().nodes()) lab->await_samples(*each, 3);
  const counted waits(lab->proxy(), "highwater_gate_wait_seconds_count");
  EXPECT_EQ(session.must(touch(90)).tag(), "UPDATE 1");
  EXPECT_EQ(session.must(touch(90)).tag(), "UPDATE 1");
  EXPECT_EQ(waits.more(), 0);
}

// Every commit is another id: what is asked about is cut into pieces that can be answered.
TEST_F(gate, opens_behind_any_number_of_transactions) {
  primary().tell("insert into made values (100)");
  lab->cluster().await_replay();
  auto session = session_that_has_seen(100);
  lab->proxy().child().signal(SIGSTOP);
  primary().tell("do 'begin for i in 1..12000 loop perform txid_current(); commit; end loop; end'");
  primary().tell("insert into made values (101)");
  lab->cluster().await_replay();
  lab->proxy().child().signal(SIGCONT);
  await("it sees the last one", [&] { return session.scalar("select max(id) from made") == "101"; });
  EXPECT_EQ(session.must(touch(101)).tag(), "UPDATE 1");
}

}  // namespace
}  // namespace highwater::testing_support
