// The harness itself: what the other suites take for granted about their clusters.

#include <gmock/gmock.h>

#include "tests/support/cluster.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

class cluster : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto before = test_clock::now();
    servers = std::make_unique<postgres_cluster>();
    const auto took = std::chrono::duration_cast<milliseconds>(test_clock::now() - before);
    RecordProperty("start_ms", static_cast<int>(took.count()));
    std::printf("a primary and two replicas started in %d ms\n", static_cast<int>(took.count()));
    servers->primary().tell("create table t (id int primary key)");
    servers->await_replay();
  }
  static void TearDownTestSuite() { servers.reset(); }

  static std::string insert(int id) {
    return servers->primary().ask("insert into t values (" + std::to_string(id) + ") returning id");
  }
  static std::string rows_with(const node& where, int id) {
    return where.ask("select count(*) from t where id = " + std::to_string(id));
  }

  static std::unique_ptr<postgres_cluster> servers;
};

std::unique_ptr<postgres_cluster> cluster::servers;

TEST_F(cluster, has_one_primary_and_replicas_that_follow_it) {
  EXPECT_FALSE(servers->primary().in_recovery());
  ASSERT_EQ(servers->replicas().size(), 2u);
  insert(1);
  servers->await_replay();
  for (node* each : servers->replicas()) {
    EXPECT_TRUE(each->in_recovery());
    EXPECT_EQ(rows_with(*each, 1), "1");
  }
}

TEST_F(cluster, knows_a_monitor_that_may_see_positions) {
  auto monitor = servers->primary().connect("postgres", "highwater");
  EXPECT_EQ(monitor.scalar("select count(*) from pg_stat_replication where replay_lsn is not null"), "2");
}

TEST_F(cluster, paused_replica_stands_still_until_resumed) {
  node& held = servers->replica(0);
  held.pause_replay();
  insert(2);
  servers->await_replay(servers->replica(1));
  EXPECT_EQ(rows_with(held, 2), "0");
  held.resume_replay();
  servers->await_replay(held);
  EXPECT_EQ(rows_with(held, 2), "1");
}

TEST_F(cluster, delayed_replica_holds_commits_back) {
  node& delayed = servers->add_replica({.apply_delay = std::chrono::hours(1)});
  insert(3);
  const auto position = servers->flushed_position();
  await("the delayed replica received " + position,
        [&] { return delayed.ask("select pg_last_wal_receive_lsn() >= '" + position + "'::pg_lsn") == "t"; });
  EXPECT_EQ(rows_with(delayed, 3), "0");
  delayed.set("recovery_min_apply_delay", "0");
  servers->await_replay(delayed);
  EXPECT_EQ(rows_with(delayed, 3), "1");
}

TEST_F(cluster, killed_replica_comes_back_on_its_port) {
  node& victim = servers->replica(1);
  const auto port = victim.port();
  auto session = victim.connect();
  victim.kill9();
  EXPECT_FALSE(session.exec("select 1").ok());
  EXPECT_THROW(victim.connect(), pg::error);
  insert(4);
  victim.start();
  servers->await_replay(victim);
  EXPECT_EQ(victim.port(), port);
  EXPECT_EQ(rows_with(victim, 4), "1");
}

TEST_F(cluster, killed_primary_keeps_what_it_acknowledged) {
  insert(5);
  servers->primary().kill9();
  servers->primary().start();
  EXPECT_EQ(rows_with(servers->primary(), 5), "1");
  servers->await_replay();
}

TEST_F(cluster, frozen_node_is_silent_until_thawed) {
  node& frozen = servers->replica(0);
  auto session = frozen.connect();
  frozen.freeze();
  ASSERT_EQ(PQsendQuery(session.raw(), "select 1"), 1);
  insert(6);
  servers->await_replay(servers->replica(1));
  ASSERT_EQ(PQconsumeInput(session.raw()), 1);
  EXPECT_TRUE(PQisBusy(session.raw()));
  frozen.thaw();
  EXPECT_EQ(session.next()->text(), "1");
}

TEST_F(cluster, cascading_replica_follows_a_replica) {
  node& leaf = servers->add_replica({.upstream = &servers->replica(0)});
  insert(7);
  servers->await_replay(leaf);
  EXPECT_EQ(rows_with(leaf, 7), "1");
  EXPECT_EQ(servers->replica(0).ask("select application_name from pg_stat_replication"), leaf.name());
}

TEST_F(cluster, asks_for_passwords_where_roles_have_one) {
  postgres_cluster guarded({.replicas = 0, .roles = {{"app", "open sesame"}}});
  EXPECT_THROW(guarded.primary().connect("postgres", "app"), pg::error);
  pg::connection session(guarded.primary().conninfo("postgres", "app") + " password='open sesame'");
  EXPECT_EQ(session.scalar("select current_user"), "app");
}

TEST_F(cluster, promotes_a_replica_and_takes_the_old_primary_back) {
  postgres_cluster changing;
  node& old = changing.primary();
  node& other = changing.replica(1);
  changing.promote(changing.replica(0));
  changing.follow(other, changing.primary());
  changing.primary().tell("create table after_promotion ()");
  changing.await_replay(other);
  EXPECT_EQ(other.ask("select to_regclass('after_promotion')"), "after_promotion");
  EXPECT_FALSE(old.in_recovery()) << "the deposed primary must go on believing in itself";

  changing.rebuild(old, changing.primary());
  changing.await_replay(old);
  EXPECT_EQ(old.ask("select to_regclass('after_promotion')"), "after_promotion");
}

}  // namespace
}  // namespace highwater::testing_support
