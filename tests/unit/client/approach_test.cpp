#include "proxy/client/approach.hpp"

#include <gtest/gtest.h>

#include "proxy/server/connect_error.hpp"
#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::proxy {
namespace {

using config::level;
using fate = approach::fate;
using move = approach::move;
using refusal = approach::refusal;
using routing::testing_support::small_cluster;
using routing::testing_support::t;
using ms = std::chrono::milliseconds;

constexpr std::int64_t started = 5000;  // every server of the cluster

// What is next, in a few words.
std::string said(const approach::step& next) {
  const char* const fates[] = {"", "give back, ", "clean, ", "drop, ", "drop stranger, "};
  const char* const moves[] = {"wait", "queue", "wait for proof", "settle", "arrive", "refuse"};
  const char* const reasons[] = {"too stale", "gate closed", "no node", "queue too long", "not proved", "by server"};
  auto all = std::string(fates[static_cast<int>(next.connection)]) + moves[static_cast<int>(next.next)];
  if (next.next == move::refuse) all += std::string(": ") + reasons[static_cast<int>(next.why)];
  return all;
}

// A batch that arrived at 100 and has until 600, in a cluster of three whose replicas are b and c.
class an_approach : public testing::Test {
protected:
  an_approach() : one(deciding, nodes) {
    for (auto& each : cluster.view.nodes) each.started = started;
    cluster.primary_at(1000, t(90)).replicas_at(1000, 900);
    deciding.begin(t(100), ms(500));
  }

  attempt::circumstances at(double now) { return {cluster.view, cluster.loads, t(now), turn++}; }
  void write() { deciding.place({}, floors); }
  void read(level asked) {
    attempt::subject what;
    what.need.level = asked;
    what.need.on_stale = &on_stale;
    what.as_read = true;
    deciding.place(what, floors);
  }
  // To where the batch belongs, made at `when`, of a server that has begun then.
  server_session connection(double when, std::int64_t of = started) {
    server_session made(deciding.plan().node);
    made.logged_in({{}, {}, of, t(when)});
    return made;
  }
  void sampled(routing::node_index node, double when) { cluster.view.nodes[node].sampled = t(when); }

  small_cluster cluster;
  config::stale_steps on_stale{{config::stale_step::kind::wait, ms(50)}, {config::stale_step::kind::error}};
  std::vector<config::node> nodes = std::vector<config::node>(3);
  routing::session_floors floors;
  attempt deciding;
  approach one;
  std::uint32_t turn = 0;
};

TEST_F(an_approach, leads_over_a_pool_and_the_settings_to_a_connection) {
  write();
  const auto first = one.begin(at(100));
  EXPECT_EQ(said(first), "queue");
  EXPECT_EQ(first.until, t(600));
  EXPECT_TRUE(first.decided);
  auto there = connection(50);
  EXPECT_EQ(said(one.taken(there, at(101))), "settle");
  EXPECT_EQ(said(one.settled(there, at(102))), "arrive");
}

TEST_F(an_approach, waits_where_no_node_is_fresh_enough_and_refuses_in_the_end) {
  floors.written.raise(t(85));
  read(level::session);
  cluster.replicas_at(900, 900);
  const auto first = one.begin(at(100));
  EXPECT_EQ(said(first), "wait");
  EXPECT_EQ(first.until, t(150));
  EXPECT_EQ(said(one.view_changed(at(120))), "wait");
  EXPECT_EQ(said(one.view_changed(at(151))), "refuse: too stale");
}

TEST_F(an_approach, refuses_where_there_is_no_node_for_long_enough) {
  write();
  cluster.without(small_cluster::a);
  EXPECT_EQ(said(one.begin(at(100))), "wait");
  EXPECT_EQ(said(one.view_changed(at(601))), "refuse: no node");
}

// Rule 25.
TEST_F(an_approach, waits_for_a_sample_that_was_sent_after_the_connection_stood) {
  write();
  one.begin(at(100));
  auto there = connection(110);
  const auto waits = one.taken(there, at(111));
  EXPECT_EQ(said(waits), "wait for proof");
  EXPECT_EQ(waits.since, t(110) + std::chrono::nanoseconds(1));
  EXPECT_EQ(waits.until, t(600));
  sampled(small_cluster::a, 110);
  EXPECT_EQ(said(one.view_changed(there, at(112))), "wait for proof") << "sent at the same moment: too early";
  sampled(small_cluster::a, 111);
  EXPECT_EQ(said(one.view_changed(there, at(113))), "settle");
}

TEST_F(an_approach, does_not_wait_for_a_proof_for_ever) {
  write();
  one.begin(at(100));
  auto there = connection(110);
  one.taken(there, at(111));
  EXPECT_EQ(said(one.view_changed(there, at(600))), "drop, refuse: not proved");
}

TEST_F(an_approach, begins_again_where_the_connection_is_of_another_life) {
  struct row {
    const char* why;
    routing::incarnation_id proved, planned, now;
    const char* next;
  };
  const row rows[] = {
      {"all of one life", 10, 10, 10, "settle"},
      {"its server has died since", 9, 10, 10, "drop, queue"},
      {"the decision is older than the connection", 10, 9, 10, "give back, queue"},
  };
  for (const auto& each : rows) {
    write();
    cluster.view.nodes[small_cluster::a].incarnation = each.planned;
    one.begin(at(100));
    auto there = connection(50);
    auto then = cluster.view.nodes[small_cluster::a];
    then.incarnation = each.proved;
    there.prove(then);
    cluster.view.nodes[small_cluster::a].incarnation = each.now;
    EXPECT_EQ(said(one.taken(there, at(101))), each.next) << each.why;
  }
}

TEST_F(an_approach, leaves_a_connection_to_a_strange_server) {
  read(level::eventual);
  sampled(small_cluster::b, 60);
  sampled(small_cluster::c, 60);
  one.begin(at(100));
  const auto first = deciding.plan().node;
  auto there = connection(50, started + 1);
  EXPECT_EQ(said(one.taken(there, at(101))), "drop stranger, queue");
  EXPECT_NE(deciding.plan().node, first) << "another replica";
  EXPECT_TRUE(deciding.refused());
}

TEST_F(an_approach, decides_again_behind_a_queue_where_time_counts) {
  attempt::subject bounded;
  bounded.need.level = level::bounded;
  bounded.need.max_staleness = ms(100);
  bounded.need.on_stale = &on_stale;
  bounded.as_read = true;
  deciding.place(bounded, floors);
  cluster.without(small_cluster::c);
  sampled(small_cluster::b, 60);
  cluster.view.nodes[small_cluster::b].current_as_of = t(90);
  EXPECT_EQ(said(one.begin(at(100))), "queue");
  auto there = connection(50);
  const auto in_time = one.offered(there, at(150));
  EXPECT_EQ(said(in_time), "settle");
  EXPECT_TRUE(in_time.decided);
  auto late = connection(50);
  EXPECT_EQ(said(one.offered(late, at(300))), "give back, refuse: too stale") << "it was current too long ago";
}

TEST_F(an_approach, does_not_decide_again_where_it_does_not) {
  write();
  one.begin(at(100));
  auto there = connection(50);
  const auto next = one.offered(there, at(400));
  EXPECT_EQ(said(next), "settle");
  EXPECT_FALSE(next.decided);
}

TEST_F(an_approach, looks_elsewhere_where_it_is_turned_away) {
  const wire::error full{"53300", "sorry, too many clients already", "", ""};
  read(level::eventual);
  one.begin(at(100));
  const auto first = deciding.plan().node;
  EXPECT_EQ(said(one.turned_away(full, at(101))), "queue");
  EXPECT_NE(deciding.plan().node, first);
  EXPECT_EQ(said(one.turned_away(full, at(102))), "refuse: by server") << "once";
}

TEST_F(an_approach, looks_for_a_node_that_cannot_be_reached_as_long_as_it_may) {
  const auto gone = server_lost("connection refused");
  write();
  one.begin(at(100));
  EXPECT_EQ(said(one.turned_away(gone, at(599))), "queue");
  EXPECT_EQ(said(one.turned_away(gone, at(600))), "refuse: by server");
  EXPECT_EQ(said(approach::queued_too_long()), "refuse: queue too long");
}

// Rule 12.
TEST_F(an_approach, turns_back_where_another_primary_has_been_proved_meanwhile) {
  struct row {
    const char* why;
    bool fails, another;
    const char* next;
  };
  const row rows[] = {
      {"it still leads", false, false, "arrive"},
      {"another one does", false, true, "give back, queue"},
      {"what will only fail may fail anywhere", true, true, "arrive"},
  };
  for (const auto& each : rows) {
    cluster.view.primary = small_cluster::a;
    cluster.view.nodes[small_cluster::a].usable = true;
    attempt::subject what;
    what.anywhere = each.fails;
    deciding.place(what, floors);
    one.begin(at(100));
    auto there = connection(50);
    if (each.another) {
      cluster.view.nodes[there.node()].usable = false;
      cluster.view.primary = there.node() == small_cluster::b ? small_cluster::c : small_cluster::b;
    }
    EXPECT_EQ(said(one.settled(there, at(101))), each.next) << each.why;
  }
}

TEST_F(an_approach, tries_a_clean_connection_before_it_calls_settings_wrong) {
  write();
  one.begin(at(100));
  auto there = connection(50);
  there.assume(std::make_shared<const session_settings>(session_settings{{"role", "dba"}}));
  EXPECT_EQ(said(one.unsettled(there, at(101))), "clean, queue");
  there.assume(no_settings());
  EXPECT_EQ(said(one.unsettled(there, at(102))), "give back, refuse: by server");
}

TEST_F(an_approach, goes_elsewhere_from_a_node_that_the_configuration_has_no_more) {
  read(level::session);
  cluster.replicas_at(1000, 1000);
  EXPECT_EQ(said(one.begin(at(100))), "queue");
  const auto node = deciding.plan().node;
  auto there = connection(100);
  EXPECT_EQ(said(one.taken(there, at(101))), "wait for proof");
  cluster.without(node);
  cluster.view.nodes[node].retired = true;
  EXPECT_EQ(said(one.view_changed(there, at(102))), "give back, queue");
  EXPECT_NE(deciding.plan().node, node);
}

}  // namespace
}  // namespace highwater::proxy
