#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "routing/decide.hpp"
#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using enum config::level;
using action = plan::action;
using step = config::stale_step;
using steps = config::stale_steps;
using ms = std::chrono::milliseconds;
using testing_support::small_cluster;
using testing_support::t;

constexpr node_index a = small_cluster::a, b = small_cluster::b, c = small_cluster::c;

const step to_primary{step::kind::primary}, stale{step::kind::stale}, error{step::kind::error};
step wait(int milliseconds) {
  return {step::kind::wait, ms(milliseconds)};
}

// A session that wrote when no sample had been sent yet (`unknown`), or something that the replicas lack (`known`).
enum class floor { known, unknown };

struct row {
  const char* why;
  steps on_stale;
  double after;  // ms since the read has arrived
  std::vector<node_index> missing;
  action what;
  node_index node = no_node;
  double deadline = 0;
  floor what_floor = floor::known;
  bool takes_stale = true;
};

plan decide(const row& facts) {
  small_cluster cluster;
  cluster.primary_at(100, t(10)).primary_at(300, t(30)).replicas_at(250, 150);
  for (const auto node : facts.missing) cluster.without(node);
  session_floors floors;
  floors.written.raise(facts.what_floor == floor::known ? t(25) : t(31));
  read_request request;
  request.need.level = session;
  request.need.on_stale = &facts.on_stale;
  request.need.takes_stale = facts.takes_stale;
  request.arrived = t(1'000);
  request.floors = &floors;
  return decide_read(request, cluster.view, cluster.loads, t(1'000 + facts.after), 0);
}

TEST(on_stale, is_tried_in_order) {
  const row rows[] = {
      {"primary", {to_primary}, 0, {}, action::serve, a},
      {"error", {error}, 0, {}, action::fail},
      {"stale: the replica that is furthest", {stale}, 0, {}, action::serve, b},
      {"stale: what is left", {stale}, 0, {b}, action::serve, c},
      {"wait", {wait(20), to_primary}, 0, {}, action::await_replay, no_node, 20},
      {"still waiting", {wait(20), to_primary}, 19.999, {}, action::await_replay, no_node, 20},
      {"waited: primary", {wait(20), to_primary}, 20, {}, action::serve, a},
      {"waited: error", {wait(20), error}, 20, {}, action::fail},
      {"waited: stale", {wait(20), stale}, 20, {}, action::serve, b},
      {"waits add up", {wait(20), wait(30), error}, 20, {}, action::await_replay, no_node, 50},
      {"and end", {wait(20), wait(30), error}, 50, {}, action::fail},
      {"nobody to wait for: primary", {wait(20), to_primary}, 0, {b, c}, action::serve, a},
      {"nobody to wait for: error", {wait(20), error}, 0, {b, c}, action::fail},
      {"no primary: error", {to_primary, error}, 0, {a}, action::fail},
      {"no primary: stale", {to_primary, stale}, 0, {a}, action::serve, b},
      {"no primary: until there is one", {to_primary}, 0, {a}, action::await_node},
      {"no replica: stale has nothing to serve", {stale, error}, 0, {b, c}, action::fail},
      {"nobody: stale", {to_primary, stale}, 0, {a, b, c}, action::await_node},
      {"waits while there is no primary either", {wait(20), to_primary}, 0, {a}, action::await_replay, no_node, 20},
      {"waits for the sample first", {wait(20), to_primary}, 0, {}, action::await_sample, no_node, 20, floor::unknown},
      {"does not wait for a sample unasked", {to_primary}, 0, {}, action::serve, a, 0, floor::unknown},
      {"no error without a sample", {error}, 0, {}, action::await_sample, no_node, 1'000, floor::unknown},
      {"error: no sample came", {error}, 1'000, {}, action::fail, no_node, 0, floor::unknown},
      {"error: no sample can come", {error}, 0, {a}, action::fail, no_node, 0, floor::unknown},
  };
  for (const auto& each : rows) {
    const auto p = decide(each);
    EXPECT_EQ(static_cast<int>(p.what), static_cast<int>(each.what)) << each.why;
    EXPECT_EQ(p.node, each.node) << each.why;
    EXPECT_EQ(p.deadline, each.deadline == 0 ? never : t(1'000 + each.deadline)) << each.why;
  }
}

TEST(on_stale, offers_nothing_stale_to_who_does_not_take_it) {
  const row rows[] = {
      {"nothing else", {stale}, 0, {}, action::fail},
      {"nothing else, after a wait", {wait(20), stale}, 20, {}, action::fail},
      {"still waiting", {wait(20), stale}, 0, {}, action::await_replay, no_node, 20},
      {"the next step", {stale, to_primary}, 0, {}, action::serve, a},
      {"the step before, once it can be taken", {to_primary, stale}, 0, {a}, action::await_node},
      {"nobody", {stale}, 0, {b, c}, action::await_node},
      {"no stale in it", {to_primary}, 0, {a}, action::await_node},
  };
  for (auto each : rows) {
    each.takes_stale = false;
    const auto p = decide(each);
    EXPECT_EQ(static_cast<int>(p.what), static_cast<int>(each.what)) << each.why;
    EXPECT_EQ(p.node, each.node) << each.why;
  }
}

TEST(on_stale, says_why_it_served) {
  EXPECT_EQ(decide({"", {to_primary}, 0, {}, {}}).reason, route_reason::fallback);
  EXPECT_EQ(decide({"", {to_primary}, 0, {b, c}, {}}).reason, route_reason::no_replica);
  EXPECT_EQ(decide({"", {stale}, 0, {}, {}}).reason, route_reason::stale);
}

TEST(on_stale, waits_for_the_position_that_is_missing) {
  const auto known = decide({"", {wait(20), error}, 0, {}, {}});
  EXPECT_EQ(known.floor, 300U);
  const auto unknown = decide({"", {wait(20), error}, 0, {}, {}, no_node, 0, floor::unknown});
  EXPECT_EQ(unknown.since, t(31));
}

// Whatever the facts: below its floor a read is served by the primary, or because on_stale says `stale`.
TEST(on_stale, never_weakens_a_level_silently) {
  const steps lists[] = {{to_primary}, {error}, {wait(20), to_primary}, {wait(20), error}, {to_primary, error}, {}};
  const std::vector<node_index> absent[] = {{}, {a}, {b}, {c}, {a, b}, {b, c}, {a, b, c}};
  for (const auto& list : lists) {
    for (const auto& missing : absent) {
      for (const double after : {0.0, 10.0, 20.0, 5'000.0}) {
        for (const auto what : {floor::known, floor::unknown}) {
          const auto p = decide({"", list, after, missing, {}, no_node, 0, what});
          EXPECT_TRUE(p.what != action::serve || p.node == a);
          EXPECT_NE(p.reason, route_reason::stale);
        }
      }
    }
  }
}

}  // namespace
}  // namespace highwater::routing
