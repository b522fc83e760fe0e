// What each level promises, while one replica of two stands still, and what is done when no node is fresh enough.

#include <gmock/gmock.h>

#include <set>

#include "tests/integration/routed_test.hpp"
#include "tests/support/raw_client.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const std::vector<std::string> tables{
    "create table register (v int not null); insert into register values (0);"
    "create table waits as table register; create table waits_a_little as table register;"
    "create table asks_primary as table register; create table takes_stale as table register;"
    "create table refuses as table register; create table near as table register;"
    "create table strong_or_primary as table register;"
    "create schema billing; create table billing.entry as table register; create view invoice as table billing.entry;"
    "create table event (v int) partition by range (v); create table event_old partition of event for values from (0) "
    "to (9); create table event_new partition of event for values from (9) to (20); insert into event values (1);"
    "create table measure (v int); create table measure_here () inherits (measure); insert into measure_here values "
    "(1);"
    "create table own as table register; create function bump() returns int language sql as "
    "'update own set v = v + 1 returning v';"
    "create function looks_harmless() returns int language plpgsql stable as 'begin return bump(); end';"
    "create role auditor login; grant pg_read_all_data to auditor",
    "create database other"};

constexpr const char* policies = R"(
  - {name: waits, match: {tables: [waits]}, level: session, on_stale: [{wait: 25s}, error]}
  - {name: waits a little, match: {tables: [waits_a_little]}, level: session, on_stale: [{wait: 50ms}, primary]}
  - {name: asks the primary, match: {tables: [asks_primary]}, level: session, on_stale: primary}
  - {name: takes stale, match: {tables: [takes_stale]}, level: session, on_stale: stale}
  - {name: refuses, match: {tables: [refuses]}, level: session, on_stale: error}
  - {name: strong or primary, match: {tables: [strong_or_primary]}, level: strong, on_stale: primary}
  - {name: near, match: {tables: [near]}, level: bounded, max_lag_bytes: 64kB}
  - {name: billing, match: {tables: [billing.entry]}, level: causal}
  - {name: own, match: {tables: [own]}, level: read_your_writes, on_stale: error}
  - {name: events, match: {tables: [event, measure_here]}, level: causal}
  - {name: new events, match: {tables: [public.event_new]}, level: strong}
  - {name: database, match: {databases: [other]}, level: monotonic_reads}
  - {name: user, match: {users: [auditor]}, level: strong}
  - {name: application, match: {applications: ["till-*"]}, level: read_your_writes})";

class levels : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(cluster_options{}, tables, [](highwater_config& config) {
      config.set("consistency", "{level: eventual, max_staleness: 300ms, on_stale: [{wait: 25s}, primary]}")
          .set("policies", policies);
    });
    fresh = &lab->cluster().replica(0);
    late = &lab->cluster().replica(1);
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

  static std::string set_to(int value, const std::string& table = "register") {
    return "update " + table + " set v = " + std::to_string(value);
  }
  static std::string get(const std::string& table = "register") { return "select v from " + table; }
  static void write_directly(int value, const std::string& table = "register") {
    lab->cluster().primary().tell(set_to(value, table));
  }
  // Both replicas stand still, and this session has written what neither of them has.
  static pg::connection writer_ahead_of_all(const std::string& table, int value) {
    for (node* each : lab->cluster().replicas()) each->pause_replay();
    auto session = lab->connect();
    session.must(set_to(value, table));
    return session;
  }

  inline static std::unique_ptr<laboratory> lab;
  inline static node* fresh = nullptr;
  inline static node* late = nullptr;
};

TEST_F(levels, own_writes_are_seen_on_the_replica_that_has_them) {
  late->pause_replay();
  int written = 100;
  for (const std::string level : {"read_your_writes", "session", "causal", "strong", "primary"}) {
    SCOPED_TRACE(level);
    auto session = lab->connect(level);
    for (int round = 0; round < 4; ++round) {
      session.must(set_to(++written));
      for (int again = 0; again < 3; ++again) {
        const auto seen = read(session, get());
        EXPECT_EQ(seen.value, std::to_string(written)) << seen.by.text;
        EXPECT_EQ(seen.by.node, level == "primary" ? "a" : fresh->name()) << seen.by.text;
        EXPECT_EQ(seen.by.level, level);
      }
    }
  }
}

TEST_F(levels, own_writes_are_seen_in_the_extended_protocol) {
  late->pause_replay();
  auto session = lab->connect("read_your_writes");
  session.prepare("get", "select v from register where v >= $1");
  for (int written = 200; written < 206; ++written) {
    session.exec_params("update register set v = $1", {std::to_string(written)});
    EXPECT_EQ(session.exec_params("select v from register where v >= $1", {"0"}).text(), std::to_string(written));
    EXPECT_EQ(session.exec_prepared("get", {"0"}).text(), std::to_string(written));
    EXPECT_EQ(route_of(session).node, fresh->name());
  }
}

TEST_F(levels, what_a_level_does_not_forbid_is_served_by_the_late_replica) {
  write_directly(300);
  lab->cluster().await_replay();
  late->pause_replay();
  write_directly(301);
  lab->cluster().await_replay(*fresh);
  for (const std::string level : {"eventual", "monotonic_reads", "read_your_writes", "session"}) {
    SCOPED_TRACE(level);
    await("a session that the late replica serves", [&] {
      auto session = lab->connect(level);
      const auto seen = read(session, get());
      EXPECT_EQ(seen.value, seen.by.node == late->name() ? "300" : "301");
      return seen.by.node == late->name();
    });
  }
}

TEST_F(levels, eventual_reads_are_spread_over_the_replicas) {
  auto session = lab->connect("eventual");
  std::set<std::string> served;
  await("both replicas have served", [&] {
    served.insert(read(session, get()).by.node);
    return served.size() == 2;
  });
  EXPECT_THAT(served, testing::ElementsAre(fresh->name(), late->name()));
}

// A write between them must not take every other turn.
TEST_F(levels, eventual_reads_are_spread_between_writes_too) {
  auto session = lab->connect("eventual");
  std::set<std::string> served;
  for (int i = 0; i < 40 && served.size() < 2; ++i) {
    session.must("update register set v = v");
    served.insert(read(session, get()).by.node);
  }
  EXPECT_THAT(served, testing::ElementsAre(fresh->name(), late->name()));
}

TEST_F(levels, reads_never_go_back_at_the_levels_that_say_so) {
  late->pause_replay();
  write_directly(400);
  lab->cluster().await_replay(*fresh);
  for (const std::string level : {"monotonic_reads", "session"}) {
    SCOPED_TRACE(level);
    auto session = lab->session_on(*fresh, get(), level);
    for (int again = 0; again < 8; ++again) {
      const auto seen = read(session, get());
      EXPECT_EQ(seen.value, "400");
      EXPECT_EQ(seen.by.reason, "sticky") << seen.by.text;
    }
  }
}

TEST_F(levels, effects_of_other_sessions_are_seen_from_causal_upwards) {
  late->pause_replay();
  auto writer = lab->connect("session");
  int written = 500;
  for (const std::string level : {"causal", "strong", "primary"}) {
    SCOPED_TRACE(level);
    for (int round = 0; round < 6; ++round) {
      writer.must(set_to(++written));
      auto other = lab->connect(level);
      const auto seen = read(other, get());
      EXPECT_EQ(seen.value, std::to_string(written)) << seen.by.text;
      EXPECT_NE(seen.by.node, late->name());
    }
  }
}

TEST_F(levels, causal_reads_see_what_another_session_has_read) {
  late->pause_replay();
  for (int written = 600; written < 606; ++written) {
    write_directly(written);
    auto told = lab->connect("primary");
    ASSERT_EQ(told.scalar(get()), std::to_string(written));
    auto other = lab->connect("causal");
    EXPECT_EQ(other.scalar(get()), std::to_string(written)) << route_of(other).text;
  }
}

TEST_F(levels, writes_that_go_round_the_proxy_are_seen_by_strong_reads_from_a_replica) {
  late->pause_replay();
  auto session = lab->connect("strong");
  auto direct = lab->cluster().primary().connect();
  for (int written = 700; written < 712; ++written) {
    direct.must(set_to(written));
    const auto seen = read(session, get());
    EXPECT_EQ(seen.value, std::to_string(written)) << seen.by.text;
    EXPECT_EQ(seen.by.node, fresh->name()) << seen.by.text;
  }
}

TEST_F(levels, strong_read_waits_for_the_replica) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  write_directly(720);
  auto session = lab->connect("strong");
  pending answer(session, get());
  lab->await_waiting();
  EXPECT_FALSE(answer.answered());
  fresh->resume_replay();
  EXPECT_EQ(answer.take().text(), "720");
  EXPECT_EQ(route_of(session).node, fresh->name());
}

TEST_F(levels, strong_read_asks_the_primary_where_the_policy_says_so) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  write_directly(730, "strong_or_primary");
  auto session = lab->connect();
  const auto seen = read(session, get("strong_or_primary"));
  EXPECT_EQ(seen.value, "730");
  EXPECT_EQ(seen.by.level, "strong");
  EXPECT_EQ(seen.by.reason, "fallback");
}

TEST_F(levels, bounded_in_time_leaves_a_replica_that_is_too_old_and_comes_back) {
  late->pause_replay();
  write_directly(800);
  const labels of_late{{"node", late->name()}};
  await("the replica is too old",
        [&] { return lab->proxy().metric("highwater_node_replay_lag_seconds", of_late) > 0.3; });
  auto session = lab->connect("bounded");
  for (int again = 0; again < 12; ++again) {
    const auto seen = read(session, get());
    EXPECT_EQ(seen.value, "800");
    EXPECT_NE(seen.by.node, late->name()) << seen.by.text;
  }
  late->resume_replay();
  await("it is used again", [&] { return read(session, get()).by.node == late->name(); });
}

TEST_F(levels, bounded_in_bytes_leaves_a_replica_that_is_too_far_behind) {
  late->pause_replay();
  write_directly(900, "near");
  lab->await_samples(lab->cluster().primary(), 3);
  auto session = lab->connect();
  await("a little behind is near enough", [&] { return read(session, get("near")).by.node == late->name(); });
  EXPECT_EQ(route_of(session).level, "bounded");

  lab->cluster().primary().tell("select pg_logical_emit_message(false, 'test', repeat('x', 200000))");
  const labels of_late{{"node", late->name()}};
  await("the replica is too far behind",
        [&] { return lab->proxy().metric("highwater_node_replay_lag_bytes", of_late) > 65536; });
  for (int again = 0; again < 12; ++again) {
    const auto seen = read(session, get("near"));
    EXPECT_EQ(seen.value, "900");
    EXPECT_NE(seen.by.node, late->name()) << seen.by.text;
  }
}

// Near enough when the read came is not near enough when there is a connection for it.
TEST_F(levels, bounded_is_looked_at_again_behind_the_pools_queue) {
  laboratory own(cluster_options{.replicas = 1}, tables, [](highwater_config& config) {
    config.set("consistency", "{level: bounded, max_lag_bytes: 64kB}").set("pool", "{size: 1, queue_timeout: 25s}");
  });
  node& replica = own.cluster().replica(0);
  own.await_known_fresh(replica);
  auto holder = own.connect();
  holder.must("begin read only");
  holder.must(get());
  auto session = own.connect();
  pending answer(session, get());
  await("it waits for the connection", [&] { return own.proxy().metric("highwater_pool_queue_length") == 1; });
  replica.pause_replay();
  node& primary = own.cluster().primary();
  primary.tell("update register set v = 910");
  primary.tell("select pg_logical_emit_message(false, 'test', repeat('x', 200000))");
  await("the replica is too far behind", [&] {
    return own.proxy().metric("highwater_node_replay_lag_bytes", {{"node", replica.name()}}) > 65536;
  });
  holder.must("commit");
  EXPECT_EQ(answer.take().text(), "910");
  EXPECT_EQ(route_of(session).node, primary.name());
}

// on_stale

TEST_F(levels, on_stale_wait_is_served_by_the_replica_once_it_is_fresh) {
  auto session = writer_ahead_of_all("waits", 10);
  pending answer(session, get("waits"));
  lab->await_waiting();
  EXPECT_FALSE(answer.answered());
  fresh->resume_replay();
  EXPECT_EQ(answer.take().text(), "10");
  EXPECT_EQ(route_of(session).node, fresh->name());
  EXPECT_EQ(route_of(session).reason, "fresh");
}

TEST_F(levels, on_stale_wait_ends_in_the_next_step) {
  auto session = writer_ahead_of_all("waits_a_little", 11);
  const counted fallbacks(lab->proxy(), "highwater_fallbacks_total", {{"level", "session"}});
  const counted in_vain(lab->proxy(), "highwater_freshness_timeouts_total");
  const auto seen = read(session, get("waits_a_little"));
  EXPECT_EQ(seen.value, "11");
  EXPECT_EQ(seen.by.node, "a");
  EXPECT_EQ(seen.by.reason, "fallback");
  EXPECT_EQ(fallbacks.more(), 1);
  EXPECT_EQ(in_vain.more(), 1);
}

TEST_F(levels, on_stale_primary_is_served_by_it_at_once) {
  auto session = writer_ahead_of_all("asks_primary", 12);
  const counted waits(lab->proxy(), "highwater_freshness_wait_seconds_count");
  const auto seen = read(session, get("asks_primary"));
  EXPECT_EQ(seen.value, "12");
  EXPECT_EQ(seen.by.node, "a");
  EXPECT_EQ(seen.by.reason, "fallback");
  EXPECT_EQ(waits.more(), 0);
}

TEST_F(levels, on_stale_stale_is_served_counted_and_said) {
  auto session = writer_ahead_of_all("takes_stale", 13);
  const counted stale(lab->proxy(), "highwater_stale_served_total", {{"level", "session"}});
  const auto seen = read(session, get("takes_stale"));
  EXPECT_EQ(seen.value, "0");
  EXPECT_EQ(seen.by.role, "replica");
  EXPECT_EQ(seen.by.reason, "stale");
  EXPECT_EQ(stale.more(), 1);
  ASSERT_EQ(session.notices().size(), 1u);
  EXPECT_THAT(session.notices().front(), HasSubstr("no node was fresh enough: this read may be stale"));
}

TEST_F(levels, on_stale_error_names_the_floor_the_best_node_and_its_distance) {
  auto session = writer_ahead_of_all("refuses", 14);
  const counted errors(lab->proxy(), "highwater_stale_errors_total");
  const auto refused = session.exec(get("refuses"));
  EXPECT_EQ(refused.sqlstate(), "40001");
  EXPECT_THAT(refused.diagnostic(PG_DIAG_MESSAGE_DETAIL),
              MatchesRegex("Level session needs position [0-9A-F]+/[0-9A-F]+; the best node, [bc], is at "
                           "[0-9A-F]+/[0-9A-F]+, [1-9][0-9]* bytes behind\\."));
  EXPECT_EQ(errors.more(), 1);
  EXPECT_EQ(session.scalar("select 1"), "1") << "the session goes on";
}

// How a level is asked for

TEST_F(levels, set_show_and_reset) {
  auto session = lab->connect();
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
  session.must("set highwater.level = strong");
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
  EXPECT_EQ(read(session, get()).by.level, "strong");
  session.must("set highwater.level to 'read_your_writes'");
  EXPECT_EQ(read(session, get()).by.level, "read_your_writes");
  session.must("reset highwater.level");
  EXPECT_EQ(read(session, get()).by.level, "eventual");
  EXPECT_EQ(session.exec_params("show highwater.level", {}).text(), "eventual");
}

TEST_F(levels, reset_leads_back_to_the_startup_option) {
  auto session = lab->connect("monotonic_reads");
  EXPECT_EQ(session.scalar("show highwater.level"), "monotonic_reads");
  session.must("set highwater.level = strong");
  session.must("reset highwater.level");
  EXPECT_EQ(read(session, get()).by.level, "monotonic_reads");
  session.must("set highwater.level = strong");
  session.must("reset all");
  EXPECT_EQ(session.scalar("show highwater.level"), "monotonic_reads");
}

TEST_F(levels, set_local_ends_with_the_transaction) {
  auto session = lab->connect();
  session.must("begin read only");
  session.must("set local highwater.level = strong");
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
  EXPECT_EQ(read(session, get()).by.level, "strong");
  session.must("commit");
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
  session.must("set local highwater.level = strong");
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual") << "as PostgreSQL: no effect outside a transaction";
}

TEST_F(levels, set_local_over_a_set_leaves_the_set) {
  auto session = lab->connect();
  for (const char* sql : {"begin", "set highwater.level = strong", "set local highwater.level = eventual", "commit"}) {
    session.must(sql);
  }
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
}

TEST_F(levels, rollback_to_a_savepoint_leaves_no_weaker_level) {
  auto session = lab->connect();
  for (const char* sql :
       {"begin", "set highwater.level = strong", "savepoint s", "set highwater.level = eventual", "rollback to s"}) {
    session.must(sql);
  }
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
  session.must("commit");
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
}

TEST_F(levels, set_that_fails_fails_its_transaction) {
  auto session = lab->connect();
  session.must("begin");
  session.must("update register set v = v");
  EXPECT_EQ(session.exec("set highwater.level = quick").sqlstate(), "22023");
  EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
  EXPECT_EQ(session.exec("select 1").sqlstate(), "25P02");
  EXPECT_EQ(session.exec("commit").tag(), "ROLLBACK");
  session.must("begin");
  EXPECT_EQ(session.exec("set highwater.level = quick").sqlstate(), "22023");
  EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
  EXPECT_EQ(session.exec("commit").tag(), "ROLLBACK");
}

// A server would take it for a setting that it has never heard of, and say nothing.
TEST_F(levels, set_among_other_statements_is_refused) {
  for (const std::string sql :
       {"set highwater.level = strong; select 1", "select 1; show highwater.level",
        "select set_config('highwater.level', 'strong', false)", "alter role auditor set highwater.level = 'strong'"}) {
    SCOPED_TRACE(sql);
    auto session = lab->connect();
    EXPECT_EQ(session.exec(sql).sqlstate(), "0A000");
    EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
    session.must("begin");
    session.must("update register set v = v");
    EXPECT_EQ(session.exec(sql).sqlstate(), "0A000");
    EXPECT_EQ(session.transaction(), PQTRANS_INERROR);
    session.must("rollback");
  }
}

TEST_F(levels, comment_speaks_for_no_other_statement) {
  auto session = lab->connect("strong");
  session.enter_pipeline();
  session.send_params("/* highwater: level=eventual */ select 1");
  session.send_params(get());
  session.sync();
  while (true) {
    const auto one = session.next();
    if (one && one->status() == PGRES_PIPELINE_SYNC) break;
  }
  session.exit_pipeline();
  EXPECT_EQ(route_of(session).level, "strong");
}

// The first read is content with any replica; the one behind it in the pipeline is not.
TEST_F(levels, read_behind_a_weaker_one_is_decided_upon_for_itself) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  raw::client session(lab->proxy().port());
  session.log_in("postgres", "postgres", {{"highwater.level", "session"}});
  session.query("update register set v = 77");
  session.send(raw::query("/* highwater: level=eventual */ select v from near") + raw::query(get()));
  session.read_until_ready();
  lab->await_waiting();
  for (node* each : lab->cluster().replicas()) each->resume_replay();
  const auto seen = session.read_until_ready();
  ASSERT_EQ(raw::types(seen), "TDCZ");
  EXPECT_EQ(raw::row(seen[1]).at(0), "77");
}

TEST_F(levels, set_in_a_transaction_is_undone_by_its_rollback_and_kept_by_its_commit) {
  auto session = lab->connect();
  for (const char* work : {"select 1", "update register set v = v"}) {
    SCOPED_TRACE(work);
    session.must("begin");
    session.must("set highwater.level = strong");
    session.must(work);
    session.must("rollback");
    EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
  }
  session.must("begin");
  session.must("select 1");
  session.must("set highwater.level = strong");
  session.must("commit");
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");
}

TEST_F(levels, set_in_a_transaction_without_another_statement_ends_with_it_too) {
  auto session = lab->connect();
  session.must("begin");
  session.must("set highwater.level = strong");
  session.must("rollback");
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
}

TEST_F(levels, set_in_a_transaction_that_failed_is_undone) {
  auto session = lab->connect();
  session.must("begin");
  session.must("set highwater.level = strong");
  EXPECT_FALSE(session.exec("select 1 / 0").ok());
  session.must("commit");
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
}

TEST_F(levels, set_in_a_transaction_whose_commit_fails_is_undone) {
  auto session = lab->connect();
  session.must("create table one_of_each (n int unique deferrable initially deferred)");
  session.must("begin");
  session.must("set highwater.level = strong");
  session.must("insert into one_of_each values (1), (1)");
  EXPECT_EQ(session.exec("commit").sqlstate(), "23505");
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
}

TEST_F(levels, comment_speaks_for_its_statement) {
  auto session = lab->connect();
  EXPECT_EQ(read(session, "/* highwater: level=strong */ select v from register").by.level, "strong");
  EXPECT_EQ(read(session, get()).by.level, "eventual");
  session.exec_params("/* highwater: level=causal */ select v from register where v >= $1", {"0"});
  EXPECT_EQ(route_of(session).level, "causal");
}

TEST_F(levels, invalid_levels_are_refused) {
  auto session = lab->connect();
  const auto refused = session.exec("set highwater.level = 'very'");
  EXPECT_EQ(refused.sqlstate(), "22023");
  EXPECT_THAT(refused.message(), HasSubstr("very"));
  EXPECT_EQ(session.scalar("show highwater.level"), "eventual");
  EXPECT_FALSE(session.exec("set highwater.levle = 'strong'").ok());
  try {
    lab->connect("very");
    FAIL() << "a client with an invalid level was let in";
  } catch (const pg::error& error) {
    EXPECT_THAT(error.what(), HasSubstr("very"));
  }
}

TEST_F(levels, policies_find_tables_qualified_or_not_and_behind_views) {
  auto session = lab->connect();
  EXPECT_EQ(read(session, get("billing.entry")).by.level, "causal");
  EXPECT_EQ(read(session, get("invoice")).by.level, "causal");
  EXPECT_EQ(read(session, "select r.v from register r join invoice i on i.v >= r.v or true limit 1").by.level,
            "causal");
  session.must("set search_path = billing");
  EXPECT_EQ(read(session, get("entry")).by.level, "causal");
  session.must("reset search_path");
  EXPECT_EQ(read(session, get()).by.level, "eventual");
}

TEST_F(levels, policies_find_parents_partitions_and_children) {
  auto session = lab->connect();
  EXPECT_EQ(read(session, get("event_old")).by.level, "causal") << "of its parent";
  EXPECT_EQ(read(session, "select count(*) from event_new").by.level, "strong");
  EXPECT_EQ(read(session, get("event")).by.level, "strong") << "of its partition";
  EXPECT_EQ(read(session, get("measure")).by.level, "causal") << "of a table that inherits from it";
  EXPECT_EQ(read(session, get()).by.level, "eventual");
}

// Rule 24.
TEST_F(levels, what_is_stale_is_not_served_to_who_asks_for_more) {
  auto session = writer_ahead_of_all("takes_stale", 15);
  EXPECT_EQ(read(session, get("takes_stale")).by.reason, "stale");
  EXPECT_EQ(read(session, "/* highwater: level=session */ " + get("takes_stale")).by.reason, "stale");
  session.must("set highwater.level = strong");
  pending answer(session, get("takes_stale"));
  lab->await_waiting();
  fresh->resume_replay();
  EXPECT_EQ(answer.take().text(), "15");
}

TEST_F(levels, list_of_a_policy_holds_at_the_level_of_the_default_and_above) {
  auto session = writer_ahead_of_all("refuses", 16);
  session.must("set highwater.level = session");
  EXPECT_EQ(session.exec(get("refuses")).sqlstate(), "40001");
  EXPECT_EQ(session.exec("/* highwater: level=strong */ " + get("refuses")).sqlstate(), "40001");
}

TEST_F(levels, policies_find_databases_users_and_applications) {
  const auto level_of = [](pg::connection session) {
    session.must("select 1");
    return route_of(session).level;
  };
  EXPECT_EQ(level_of(lab->proxy().connect("other")), "monotonic_reads");
  EXPECT_EQ(level_of(lab->proxy().connect("postgres", "auditor")), "strong");
  EXPECT_EQ(level_of(lab->connect({}, "application_name=till-7")), "read_your_writes");
  EXPECT_EQ(level_of(lab->connect({}, "application_name=storehouse")), "eventual");
  auto session = lab->connect();
  session.must("set application_name = 'till-8'");
  session.must("select 1");
  EXPECT_EQ(route_of(session).level, "read_your_writes");
}

TEST_F(levels, strongest_of_all_that_apply_wins) {
  auto session = lab->connect("eventual", "application_name=till-7");
  EXPECT_EQ(read(session, get("invoice")).by.level, "causal");
  session.must("set highwater.level = monotonic_reads");
  EXPECT_EQ(read(session, get()).by.level, "session") << "monotonic_reads and read_your_writes together";
  session.must("set highwater.level = strong");
  EXPECT_EQ(read(session, get("invoice")).by.level, "strong");
  EXPECT_EQ(read(session, "/* highwater: level=primary */ select v from invoice").by.node, "a");
  EXPECT_EQ(read(session, "/* highwater: level=eventual */ select v from invoice").by.level, "causal");
}

TEST_F(levels, set_in_a_transaction_that_is_committed_stays) {
  raw::client pipeliner(lab->proxy().port());
  pipeliner.log_in();
  for (const std::string sql : {"begin", "select 1", "set highwater.level = strong"}) pipeliner.query(sql);
  for (const std::string sql : {"savepoint a", "select 1/0", "rollback to a", "commit"})
    pipeliner.send(raw::query(sql));
  for (int i = 0; i < 4; ++i) pipeliner.read_until_ready();
  EXPECT_EQ(raw::row(pipeliner.query("show highwater.level")[1]).at(0), "strong");

  auto session = lab->connect();
  for (const std::string sql : {"begin", "update register set v = v", "set highwater.level = strong"})
    session.must(sql);
  session.must("commit and chain");
  session.must("rollback");
  EXPECT_EQ(session.scalar("show highwater.level"), "strong");

  // What is set in the chained transaction is that one's.
  for (const std::string sql : {"begin", "update register set v = v", "commit and chain"}) pipeliner.query(sql);
  pipeliner.query("set highwater.level = eventual");
  pipeliner.send(raw::parse("", "select 1") + raw::sync());
  pipeliner.read_until_ready();
  pipeliner.query("rollback");
  EXPECT_EQ(raw::row(pipeliner.query("show highwater.level")[1]).at(0), "strong");
}

// Nothing of it moves the floor behind which no replica may be.
TEST_F(levels, what_changes_no_data_is_no_write) {
  auto session = lab->connect("read_your_writes");
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  write_directly(800);
  const counted writes(lab->proxy(), "highwater_writes_total", {{"node", "a"}});
  for (const std::string sql :
       {"set work_mem = '5MB'", "show port", "show work_mem", "reset work_mem", "begin", "rollback", "begin",
        "select v from near", "savepoint a", "commit", "discard all", "unlisten *", "deallocate all"}) {
    session.must(sql);
    EXPECT_EQ(session.transaction() == PQTRANS_IDLE ? read(session, get("own")).by.role : "replica", "replica") << sql;
  }
  EXPECT_EQ(writes.more(), 0);
  session.must("begin");
  session.must("update register set v = v");
  session.must("rollback");
  EXPECT_EQ(session.exec(get("own")).sqlstate(), "40001") << "what may have been one is one";
}

TEST_F(levels, write_that_hides_in_a_stable_function_counts) {
  const std::vector<std::vector<std::string>> ways{{"/* highwater: level=primary */ select looks_harmless()"},
                                                   {"begin", "select looks_harmless()", "commit"}};
  for (const auto& way : ways) {
    auto session = lab->connect("read_your_writes");
    EXPECT_EQ(read(session, get("own")).by.role, "replica");
    for (node* each : lab->cluster().replicas()) each->pause_replay();
    for (const auto& sql : way) session.must(sql);
    EXPECT_EQ(session.exec(get("own")).sqlstate(), "40001") << way.front();
    TearDown();
  }
}

TEST_F(levels, settings_of_the_node_are_the_primarys) {
  auto session = lab->connect();
  for (const std::string name : {"port", "data_directory", "transaction_read_only", "in_hot_standby", "cluster_name"}) {
    const auto expected = lab->cluster().primary().connect().scalar("show " + name);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(session.scalar("show " + name), expected);
      EXPECT_EQ(session.scalar("select current_setting('" + name + "')"), expected);
    }
  }
  EXPECT_EQ(read(session, "show work_mem").by.role, "replica");
  session.must("set work_mem = '9MB'");
  const auto shown = read(session, "show work_mem");
  EXPECT_EQ(shown.value, "9MB");
  EXPECT_EQ(shown.by.role, "replica");
  EXPECT_EQ(read(session, "select pg_table_size('register')").by.because, "node_local");
}

TEST_F(levels, name_that_a_replica_does_not_know_yet_is_looked_for_on_the_primary) {
  late->pause_replay();
  lab->cluster().primary().tell("create table young as select 7 as v; create type mood as enum ('fine')");
  lab->cluster().await_replay(*fresh);
  lab->await_catalogue("select v from young where false and 'fine'::mood is null");
  const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "behind_ddl"}});
  auto session = lab->connect();
  await("the late replica was asked", [&] {
    EXPECT_EQ(session.scalar("select v from young"), "7");
    EXPECT_EQ(session.scalar("select 'fine'::mood"), "fine");
    EXPECT_EQ(session.exec_params("select v from young where v > $1", {"0"}).text(), "7");
    return retries.more() >= 3;
  });
  EXPECT_EQ(session.exec("select v from nowhere").sqlstate(), "42P01");
  EXPECT_EQ(session.exec("select nothing from register").sqlstate(), "42703");
}

}  // namespace
}  // namespace highwater::testing_support
