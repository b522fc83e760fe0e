#include "proxy/client/attempt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::proxy {
namespace {

using config::level;
using move = attempt::move;
using routing::testing_support::small_cluster;
using routing::testing_support::t;
using testing::ElementsAre;
using testing::IsEmpty;
using kind = attempt::question::kind;
using ms = std::chrono::milliseconds;

constexpr auto patience = ms(500);

// A batch that arrived at 100, in a cluster whose replicas are at 900 and whose primary is at 1000.
class an_attempt : public testing::Test {
protected:
  an_attempt() {
    cluster.primary_at(1000, t(90)).replicas_at(900, 900);
    one.begin(t(100), patience);
  }

  attempt::subject read_at(level asked) {
    attempt::subject what;
    what.need.level = asked;
    what.need.on_stale = &on_stale;
    what.as_read = true;
    return what;
  }
  move next(double now) { return one.next({cluster.view, cluster.loads, t(now), turn++}); }
  std::string asked() const {
    std::string all;
    for (const auto& each : one.questions()) {
      const char* const names[] = {"sample", "position", "proof"};
      if (!all.empty()) all += ' ';
      all += names[static_cast<int>(each.what)];
      all += each.node == routing::no_node ? "?" : std::string(1, static_cast<char>('a' + each.node));
    }
    return all;
  }
  void wrote_at(double when) { floors.written.raise(t(when)); }

  small_cluster cluster;
  config::stale_steps on_stale{{config::stale_step::kind::wait, ms(50)}, {config::stale_step::kind::primary}};
  routing::session_floors floors;
  attempt one;
  std::uint32_t turn = 0;
};

TEST_F(an_attempt, leads_to_a_replica_that_is_fresh_enough) {
  one.place(read_at(level::eventual), floors);
  EXPECT_EQ(next(100), move::lease);
  EXPECT_TRUE(one.plan().on_replica);
  EXPECT_TRUE(one.serves_on(one.plan().node));
  EXPECT_FALSE(one.serves_on(small_cluster::a));
}

TEST_F(an_attempt, leads_a_write_to_the_primary) {
  one.place({}, floors);
  EXPECT_EQ(next(100), move::lease);
  EXPECT_TRUE(one.serves_on(small_cluster::a));
}

TEST_F(an_attempt, asks_where_the_primary_was_and_waits) {
  wrote_at(95);
  one.place(read_at(level::session), floors);
  EXPECT_EQ(next(100), move::wait);
  EXPECT_EQ(one.deadline(), t(150)) << "as on_stale says";
  EXPECT_THAT(asked(), testing::HasSubstr("samplea"));
  cluster.primary_at(1000, t(96)).replicas_at(1000, 900);
  EXPECT_EQ(next(110), move::lease) << "somebody has it";
  EXPECT_TRUE(one.serves_on(small_cluster::b));
}

TEST_F(an_attempt, asks_the_replicas_for_positions_where_the_floor_is_known) {
  wrote_at(85);
  one.place(read_at(level::session), floors);
  EXPECT_EQ(next(100), move::wait);
  EXPECT_EQ(asked(), "positionb positionc");
  EXPECT_EQ(one.questions()[0].floor, 1000U);
  EXPECT_EQ(one.questions()[0].when, t(150));
  EXPECT_EQ(next(150), move::lease) << "the primary, in the end";
  EXPECT_TRUE(one.serves_on(small_cluster::a));
}

TEST_F(an_attempt, gives_up_where_on_stale_says_so) {
  on_stale = {{config::stale_step::kind::error}};
  wrote_at(85);
  one.place(read_at(level::session), floors);
  EXPECT_EQ(next(100), move::too_stale);
  EXPECT_EQ(one.plan().floor, 1000U);
}

TEST_F(an_attempt, waits_for_a_node_as_long_as_its_client_may_have_to) {
  cluster.without(small_cluster::a);
  one.place({}, floors);
  EXPECT_EQ(next(100), move::wait);
  EXPECT_EQ(one.deadline(), t(600));
  EXPECT_EQ(next(599), move::wait);
  EXPECT_EQ(next(600), move::no_node);
}

TEST_F(an_attempt, keeps_nobody_waiting_at_the_door_of_a_dead_cluster) {
  cluster.without(small_cluster::a).without(small_cluster::b).without(small_cluster::c);
  attempt::subject login;
  login.anywhere = login.greets = true;
  one.place(login, floors);
  EXPECT_EQ(next(100), move::no_node);
  cluster.view.settled = false;
  EXPECT_EQ(next(100), move::wait) << "not every node has been asked";
}

TEST_F(an_attempt, waits_at_the_gate_and_asks_everybody_when_it_takes_long) {
  floors.has_read(small_cluster::b, 20, t(99), true);
  attempt::subject write;
  write.need.level = level::session;
  one.place(write, floors);
  EXPECT_EQ(next(100), move::wait);
  EXPECT_TRUE(one.at_gate());
  EXPECT_EQ(asked(), "proofb");
  EXPECT_EQ(next(129), move::wait);
  EXPECT_EQ(asked(), "proofb");
  EXPECT_EQ(next(130), move::wait);
  EXPECT_EQ(asked(), "proofb proof?");
  EXPECT_EQ(next(600), move::gate_closed);
  cluster.view.nodes[small_cluster::b].shown_through = t(99);
  EXPECT_EQ(next(601), move::lease) << "it is open now";
}

TEST_F(an_attempt, gives_each_wait_at_the_gate_its_time) {
  floors.has_read(small_cluster::b, 20, t(99), true);
  attempt::subject write;
  write.need.level = level::session;
  one.place(write, floors);
  next(100);
  cluster.view.nodes[small_cluster::b].shown_through = t(99);
  EXPECT_EQ(next(120), move::lease);
  cluster.view.nodes[small_cluster::b].shown_through = t(0);
  floors.has_read(small_cluster::b, 20, t(121), true);
  EXPECT_EQ(next(140), move::wait);
  EXPECT_EQ(asked(), "proofb") << "this one has only begun";
}

// It has read on b, to which its connection has broken since; b itself is there, and can say how much it had received.
TEST_F(an_attempt, spares_the_primary_where_the_replicas_may_say_it) {
  on_stale.front().duration = ms(100);
  floors.has_read(small_cluster::b, 20, t(95), true);
  cluster.view.nodes[small_cluster::b].received = 900;
  cluster.loads[small_cluster::b].suspect = t(96);
  one.place(read_at(level::monotonic_reads), floors);
  EXPECT_EQ(next(101), move::wait);
  EXPECT_EQ(asked(), "sampleb samplec");
  EXPECT_EQ(next(125), move::wait);
  EXPECT_EQ(asked(), "samplea sampleb samplec") << "they take long";
}

TEST_F(an_attempt, leaves_out_a_replica_that_lets_nobody_in) {
  one.place(read_at(level::eventual), floors);
  next(100);
  const auto first = one.plan().node;
  EXPECT_TRUE(one.turned_away({"53300", "full", "", ""}, true));
  EXPECT_EQ(next(101), move::lease);
  EXPECT_NE(one.plan().node, first);
  EXPECT_TRUE(one.plan().on_replica) << "the other one may have room";
  EXPECT_EQ(one.refused()->code, "53300");
  EXPECT_FALSE(one.turned_away({"53300", "full", "", ""}, true)) << "once is enough";
}

TEST_F(an_attempt, asks_the_primary_where_a_replica_knows_the_user_otherwise) {
  one.place(read_at(level::eventual), floors);
  next(100);
  EXPECT_TRUE(one.turned_away({"28000", "who?", "", ""}, false));
  EXPECT_EQ(next(101), move::lease);
  EXPECT_TRUE(one.serves_on(small_cluster::a)) << "the other replica replays the same";
}

TEST_F(an_attempt, is_no_other_for_a_primary_that_lets_nobody_in) {
  one.place({}, floors);
  next(100);
  EXPECT_FALSE(one.turned_away({"28000", "who?", "", ""}, false));
}

TEST_F(an_attempt, is_made_once_more_and_remembers_who_refused) {
  struct row {
    wire::replica_refusal how;
    bool by_primary, learns;
  };
  const row rows[] = {
      {wire::replica_refusal::read_only, false, true},
      {wire::replica_refusal::recovery_conflict, true, false},
      {wire::replica_refusal::behind_ddl, true, false},
      {wire::replica_refusal::shutdown, false, false},
  };
  for (const auto& each : rows) {
    attempt again;
    again.begin(t(100), patience);
    again.place(read_at(level::eventual), floors);
    again.next({cluster.view, cluster.loads, t(100), 0});
    const auto first = again.plan().node;
    again.refused_by(first, each.how, true);
    again.try_again();
    EXPECT_FALSE(again.begin(t(200), patience));
    EXPECT_TRUE(again.retried());
    EXPECT_EQ(again.arrived(), t(100)) << "its client has waited since then";
    EXPECT_EQ(again.learns_write(), each.learns);
    EXPECT_FALSE(again.learns_write()) << "told once";
    again.place(read_at(level::eventual), floors);
    ASSERT_EQ(again.next({cluster.view, cluster.loads, t(200), 0}), move::lease);
    EXPECT_NE(again.plan().node, first);
    EXPECT_EQ(again.serves_on(small_cluster::a), each.by_primary);
    EXPECT_TRUE(again.begin(t(300), patience)) << "the next batch is another one";
    EXPECT_FALSE(again.retried());
    again.place(read_at(level::eventual), floors);
    std::set<routing::node_index> serve;
    for (std::uint32_t turns = 0; turns < 4; ++turns) {
      again.next({cluster.view, cluster.loads, t(300), turns});
      serve.insert(again.plan().node);
    }
    EXPECT_THAT(serve, ElementsAre(small_cluster::b, small_cluster::c)) << "nobody has refused that one";
  }
}

TEST_F(an_attempt, teaches_nothing_if_it_is_not_known_which_statement_was_refused) {
  one.place(read_at(level::eventual), floors);
  next(100);
  one.refused_by(one.plan().node, wire::replica_refusal::read_only, false);
  EXPECT_FALSE(one.learns_write());
}

TEST_F(an_attempt, has_elsewhere_to_go_unless_only_the_primary_would_know) {
  using enum wire::replica_refusal;
  const auto elsewhere = [&](wire::replica_refusal how) {
    return one.has_elsewhere(how, {cluster.view, cluster.loads, t(100)});
  };
  one.place(read_at(level::eventual), floors);
  EXPECT_TRUE(elsewhere(read_only));
  EXPECT_TRUE(elsewhere(behind_ddl));
  cluster.without(small_cluster::a);
  EXPECT_TRUE(elsewhere(read_only));
  EXPECT_FALSE(elsewhere(behind_ddl));
  cluster.put(small_cluster::a, routing::node_role::primary, 1000, 10);
  cluster.view.primary = small_cluster::a;
  on_stale = {{config::stale_step::kind::error}};
  EXPECT_FALSE(elsewhere(behind_ddl)) << "on_stale does not let it go there";
}

TEST_F(an_attempt, looks_again_behind_a_queue_only_if_time_matters) {
  one.place(read_at(level::session), floors);
  EXPECT_FALSE(one.may_be_outdated());
  auto bounded = read_at(level::bounded);
  bounded.need.max_staleness = ms(10);
  one.place(bounded, floors);
  EXPECT_TRUE(one.may_be_outdated());
}

TEST_F(an_attempt, tries_another_replica_where_a_name_leads_elsewhere) {
  one.place(read_at(level::eventual), floors);
  next(100);
  const auto first = one.plan().node;
  one.stranger({"08006", "another server", "", ""});
  for (int turns = 0; turns < 4; ++turns) {
    EXPECT_EQ(next(101), move::lease);
    EXPECT_NE(one.plan().node, first);
  }
  EXPECT_EQ(one.refused()->code, "08006");
}

TEST_F(an_attempt, tries_the_primary_again_where_its_name_leads_elsewhere) {
  one.place({}, floors);
  next(100);
  one.stranger({"08006", "another server", "", ""});
  EXPECT_EQ(next(101), move::lease);
  EXPECT_TRUE(one.serves_on(small_cluster::a)) << "the next connection may be the right one";
}

}  // namespace
}  // namespace highwater::proxy
