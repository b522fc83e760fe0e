#include "routing/worth_waiting.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using testing_support::small_cluster;
using ms = std::chrono::milliseconds;
constexpr node_index a = small_cluster::a, b = small_cluster::b, c = small_cluster::c;

TEST(worth_waiting, is_some_times_what_the_primary_takes_within_bounds) {
  struct row {
    const char* why;
    int primary_answers_in, queues_for;
    bool primary;
    int worth;
  };
  const row rows[] = {
      {"not less", 0, 0, true, 8},  {"some times", 2, 0, true, 16},     {"with its queue", 1, 1, true, 16},
      {"not more", 9, 0, true, 20}, {"a long queue", 0, 900, true, 20}, {"nobody else", 0, 0, false, 20},
  };
  for (const auto& each : rows) {
    small_cluster cluster;
    cluster.view.nodes[a].answers_in = ms(each.primary_answers_in);
    cluster.loads[a].queues_for = ms(each.queues_for);
    if (!each.primary) cluster.without(a);
    EXPECT_EQ(worth(cluster.view, cluster.loads), ms(each.worth)) << each.why;
    EXPECT_EQ(worth_waiting(ms(each.worth), cluster.view, cluster.loads), ms(std::min(20, 2 * each.worth))) << each.why;
    EXPECT_EQ(worth_waiting(ms(each.worth + 1), cluster.view, cluster.loads), ms(0)) << each.why;
  }
}

struct decided {
  plan::action what;
  node_index node;
  instant deadline;
  friend bool operator==(const decided&, const decided&) = default;
};

// A session that has written, and replicas that lack it.
decided after(double since_arrival, int b_in, int c_in, std::vector<node_index> missing = {}) {
  small_cluster cluster;
  cluster.primary_at(100, testing_support::t(10)).primary_at(300, testing_support::t(30)).replicas_at(250, 150);
  cluster.view.nodes[b].catches_up_in = ms(b_in);
  cluster.view.nodes[c].catches_up_in = ms(c_in);
  for (const auto node : missing) cluster.without(node);
  session_floors floors;
  floors.written.raise(testing_support::t(25));
  const config::stale_steps steps{{config::stale_step::kind::wait_while_worth}, {config::stale_step::kind::primary}};
  read_request request;
  request.need.level = config::level::session;
  request.need.on_stale = &steps;
  request.arrived = testing_support::t(1'000);
  request.floors = &floors;
  const auto p = decide_read(request, cluster.view, cluster.loads, testing_support::t(1'000 + since_arrival), 0);
  return {p.what, p.node, p.deadline};
}

TEST(wait_auto, waits_for_who_is_expected_soon) {
  const decided waits{plan::action::await_replay, no_node, testing_support::t(1'016)};
  const decided goes_on{plan::action::serve, a, never};
  EXPECT_EQ(after(0, 1, 1), waits);
  EXPECT_EQ(after(15.9, 1, 1), waits);
  EXPECT_EQ(after(16, 1, 1), goes_on) << "expected, and did not come";
  EXPECT_EQ(after(0, 40, 1), waits) << "the other one will be there";
  EXPECT_EQ(after(0, 40, 40), goes_on) << "both have fallen behind";
  EXPECT_EQ(after(0, 40, 1, {c}), goes_on);
  EXPECT_EQ(after(0, 1, 1, {b, c}), goes_on) << "nobody is there";
  EXPECT_EQ(after(0, 15, 15, {a}).what, plan::action::await_replay) << "there is no primary";
}

}  // namespace
}  // namespace highwater::routing
