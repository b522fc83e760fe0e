#include "routing/floors.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using testing_support::small_cluster;
using testing_support::t;
using testing_support::this_system;

TEST(floor_mark, rises_and_never_falls) {
  floor_mark mark;
  EXPECT_FALSE(mark.raised());
  mark.raise(t(5));
  mark.raise(t(3));
  EXPECT_EQ(mark.event, t(5));
  EXPECT_TRUE(mark.raised());
}

TEST(floor_mark, is_raised_by_a_position_alone) {
  const floor_mark mark{never, {this_system, 1, 100}};
  EXPECT_TRUE(mark.raised());
}

TEST(session_floors, need_nothing_while_the_session_stays) {
  session_floors floors;
  floors.has_read(1, 20, t(1), true);
  floors.has_read(1, 20, t(2), true);
  EXPECT_FALSE(floors.read_elsewhere.raised());
  EXPECT_EQ(floors.read_here, t(2));
}

TEST(session_floors, keep_what_was_read_elsewhere) {
  struct row {
    const char* why;
    node_index node;
    incarnation_id incarnation;
  };
  for (const auto& each : {row{"another node", 2, 30}, row{"another life of the same node", 1, 21}}) {
    session_floors floors;
    floors.has_read(1, 20, t(1), true);
    floors.has_read(each.node, each.incarnation, t(2), true);
    EXPECT_EQ(floors.read_elsewhere.event, t(1)) << each.why;
    EXPECT_EQ(floors.read_here, t(2)) << each.why;
    EXPECT_EQ(floors.read_on, each.node) << each.why;
    EXPECT_EQ(floors.read_incarnation, each.incarnation) << each.why;
  }
}

TEST(session_floors, remember_the_highest_of_all_moves) {
  session_floors floors;
  floors.has_read(1, 20, t(1), true);
  floors.has_read(2, 30, t(2), true);
  floors.has_read(1, 20, t(3), true);
  floors.has_read(0, 10, t(4), true);
  EXPECT_EQ(floors.read_elsewhere.event, t(3));
}

TEST(resolve, turns_an_event_into_the_position_that_covers_it) {
  small_cluster cluster;
  cluster.primary_at(100, t(10)).primary_at(200, t(20));
  floor_mark mark;
  mark.raise(t(15));
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.event, never);
  EXPECT_EQ(mark.known, (position{this_system, 1, 200}));
}

// Rule 3: only a sample sent after the event speaks for it.
TEST(resolve, leaves_an_event_that_no_sample_covers_yet) {
  small_cluster cluster;
  cluster.primary_at(100, t(10));
  floor_mark mark;
  mark.raise(t(10.001));
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.event, t(10.001));
  EXPECT_EQ(mark.known.at, 0U);
}

TEST(resolve, keeps_the_higher_of_known_and_new) {
  small_cluster cluster;
  cluster.primary_at(100, t(10)).primary_at(200, t(20));
  floor_mark mark{t(5), {this_system, 1, 150}};
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.known.at, 150U);
}

TEST(resolve, waits_for_a_primary) {
  small_cluster cluster;
  floor_mark mark{t(5), {this_system, 1, 150}};
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.event, t(5));
  EXPECT_EQ(mark.known.at, 150U);
}

// Rule 11: a position of a timeline that has ended says nothing about the new one.
TEST(resolve, starts_anew_on_a_new_timeline) {
  small_cluster cluster;
  cluster.view.timeline = 2;
  cluster.primary_at(500, t(50)).primary_at(600, t(60));
  for (const position& old : {position{this_system, 1, 900}, position{this_system + 1, 2, 900}}) {
    floor_mark mark{never, old};
    EXPECT_FALSE(resolve(mark, cluster.view));
    EXPECT_EQ(mark.known, (position{this_system, 2, 500}));
  }
}

// Rule 8: what was inserted and not flushed is gone after a crash, and nobody will ever be there.
TEST(resolve, starts_anew_behind_a_crash_of_the_primary) {
  small_cluster cluster;
  cluster.view.history_of = 11;
  cluster.view.history_began = t(50);
  cluster.primary_at(500, t(50));
  const floor_mark before{never, {this_system, 1, 700}, 10};
  auto mark = before;
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.known.at, 700U) << "a replica may have received it, and answered before the primary";
  cluster.primary_at(600, t(60));
  EXPECT_FALSE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.known, (position{this_system, 1, 500}));
  mark = before;
  cluster.primary_at(800, t(70));
  EXPECT_TRUE(resolve(mark, cluster.view));
  EXPECT_EQ(mark.known.at, 700U) << "it can be reached";
  cluster.view.history.clear();
  cluster.primary_at(650, t(80));
  EXPECT_TRUE(resolve(mark, cluster.view)) << "it belongs to this life by now";
}

TEST(bound_of, is_the_lower_of_what_is_known) {
  small_cluster cluster;
  constexpr node_index b = small_cluster::b;
  auto& of_b = cluster.view.nodes[b].received_by;
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(15)), std::nullopt);
  cluster.primary_at(100, t(10)).primary_at(200, t(20));
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(15)), lsn{200});
  of_b.record(20, t(14), 120);
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(15)), lsn{200}) << "it was asked before the read";
  of_b.record(20, t(16), 130);
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(15)), lsn{130});
  EXPECT_EQ(bound_of(cluster.view, b, 19, t(15)), lsn{200}) << "another life";
  of_b.record(20, t(30), 250);
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(19)), lsn{200}) << "the primary was lower";
  cluster.view.history.clear();
  EXPECT_EQ(bound_of(cluster.view, b, 20, t(19)), lsn{250}) << "without a primary";
}

TEST(session_floors, keep_a_bound_of_the_node_that_they_leave) {
  small_cluster cluster;
  session_floors floors;
  floors.has_read(1, 20, t(1), true);
  floors.leave(150, cluster.view);
  EXPECT_EQ(floors.read_elsewhere.known, (position{this_system, 1, 150}));
  EXPECT_EQ(floors.read_elsewhere.event, never);
  EXPECT_EQ(floors.read_on, no_node);
  EXPECT_EQ(floors.shown_elsewhere, t(1)) << "what it has shown the primary may still lack";
  floors.has_read(2, 30, t(2), true);
  EXPECT_EQ(floors.read_elsewhere.event, never);
  floors.leave(140, cluster.view);
  EXPECT_EQ(floors.read_elsewhere.known.at, 150U);
}

}  // namespace
}  // namespace highwater::routing
