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
  floors.has_read(1, 20, t(1));
  floors.has_read(1, 20, t(2));
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
    floors.has_read(1, 20, t(1));
    floors.has_read(each.node, each.incarnation, t(2));
    EXPECT_EQ(floors.read_elsewhere.event, t(1)) << each.why;
    EXPECT_EQ(floors.read_here, t(2)) << each.why;
    EXPECT_EQ(floors.read_on, each.node) << each.why;
    EXPECT_EQ(floors.read_incarnation, each.incarnation) << each.why;
  }
}

TEST(session_floors, remember_the_highest_of_all_moves) {
  session_floors floors;
  floors.has_read(1, 20, t(1));
  floors.has_read(2, 30, t(2));
  floors.has_read(1, 20, t(3));
  floors.has_read(0, 10, t(4));
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

}  // namespace
}  // namespace highwater::routing
