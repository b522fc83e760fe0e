#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <vector>

#include "routing/balance.hpp"
namespace highwater::routing {
namespace {

node_index choose(const std::vector<node_load>& loads, std::uint32_t turn) {
  balance choice(loads, turn);
  for (node_index node = 0; node < loads.size(); ++node) choice.offer(node);
  return choice.chosen();
}

std::vector<node_load> nodes(const std::vector<unsigned>& weights, const std::vector<std::uint32_t>& outstanding = {}) {
  std::vector<node_load> made(weights.size());
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i].weight = weights[i];
    if (!outstanding.empty()) made[i].outstanding = outstanding[i];
  }
  return made;
}

TEST(balance, prefers_the_node_with_the_least_to_do) {
  struct row {
    std::vector<unsigned> weights;
    std::vector<std::uint32_t> outstanding;
    node_index expected;
  };
  const row rows[] = {
      {{1, 1}, {3, 2}, 1}, {{1, 1}, {2, 3}, 0},  {{1, 2}, {1, 0}, 1},
      {{1, 3}, {0, 1}, 1}, {{10, 1}, {8, 0}, 0}, {{1, 1, 1}, {5, 4, 9}, 1},
  };
  for (const auto& each : rows) {
    const auto loads = nodes(each.weights, each.outstanding);
    for (std::uint32_t turn = 0; turn < 6; ++turn) EXPECT_EQ(choose(loads, turn), each.expected);
  }
}

TEST(balance, prefers_the_proxys_own_zone) {
  auto loads = nodes({1, 1, 1}, {0, 7, 9});
  loads[1].near = loads[2].near = true;
  for (std::uint32_t turn = 0; turn < 6; ++turn) EXPECT_EQ(choose(loads, turn), 1U);
}

TEST(balance, chooses_nobody_if_nobody_is_offered) {
  EXPECT_EQ(choose({}, 0), no_node);
}

TEST(balance, lets_idle_nodes_take_turns_by_weight) {
  const std::vector<std::vector<unsigned>> all{{1}, {1, 1}, {1, 1, 1}, {1, 1, 1, 1}, {1, 2}, {3, 1}, {1, 2, 3}};
  for (const auto& weights : all) {
    const auto loads = nodes(weights);
    const auto sum = std::accumulate(weights.begin(), weights.end(), 0U);
    std::map<node_index, unsigned> chosen;
    constexpr std::uint32_t rounds = 5'760;
    for (std::uint32_t turn = 0; turn < rounds; ++turn) ++chosen[choose(loads, turn)];
    for (node_index node = 0; node < weights.size(); ++node) {
      EXPECT_EQ(chosen[node], rounds * weights[node] / sum) << testing::PrintToString(weights);
    }
  }
}

// What a weight means while many reads are running.
TEST(balance, keeps_as_many_reads_running_as_the_weights_say) {
  auto some = nodes({1, 2, 3});
  for (std::uint32_t turn = 0; turn < 600; ++turn) ++some[choose(some, turn)].outstanding;
  for (node_index node = 0; node < 3; ++node) EXPECT_NEAR(some[node].outstanding, 100 * (node + 1), 2);
}

}  // namespace
}  // namespace highwater::routing
