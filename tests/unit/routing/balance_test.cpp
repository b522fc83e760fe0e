#include <gtest/gtest.h>

#include <map>

#include "routing/decide.hpp"
#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using testing_support::small_cluster;
using testing_support::t;

const config::stale_steps to_primary{{config::stale_step::kind::primary}};

// Replicas all of which will do.
struct replicas {
  explicit replicas(std::vector<unsigned> weights) : loads(weights.size() + 1) {
    view.nodes.resize(loads.size());
    view.system = testing_support::this_system;
    for (node_index node = 1; node < loads.size(); ++node) {
      view.nodes[node].role = node_role::replica;
      view.nodes[node].usable = true;
      view.nodes[node].sampled = t(0);
      loads[node].weight = weights[node - 1];
    }
  }
  node_index choose(std::uint32_t tie) const {
    session_floors floors;
    read_request request;
    request.need.on_stale = &to_primary;
    request.floors = &floors;
    return decide_read(request, view, loads, t(1), tie).node;
  }

  cluster_view view;
  std::vector<node_load> loads;
};

TEST(balance, prefers_the_node_with_the_least_to_do) {
  struct row {
    std::vector<unsigned> weights;
    std::vector<std::uint32_t> outstanding;
    node_index expected;
  };
  const row rows[] = {
      {{1, 1}, {3, 2}, 2}, {{1, 1}, {2, 3}, 1},  {{1, 2}, {0, 0}, 2},
      {{1, 3}, {0, 1}, 2}, {{10, 1}, {8, 0}, 1}, {{1, 1, 1}, {5, 4, 9}, 2},
  };
  for (const auto& each : rows) {
    replicas some(each.weights);
    for (std::size_t i = 0; i < each.outstanding.size(); ++i) some.loads[i + 1].outstanding = each.outstanding[i];
    for (std::uint32_t tie = 0; tie < 6; ++tie) EXPECT_EQ(some.choose(tie), each.expected);
  }
}

TEST(balance, lets_equals_take_turns_evenly) {
  for (std::size_t count = 1; count <= 4; ++count) {
    const replicas some(std::vector<unsigned>(count, 1));
    std::map<node_index, unsigned> chosen;
    constexpr std::uint32_t rounds = 1'200;
    for (std::uint32_t tie = 0; tie < rounds; ++tie) ++chosen[some.choose(tie)];
    for (node_index node = 1; node <= count; ++node) EXPECT_EQ(chosen[node], rounds / count) << count << " replicas";
  }
}

// What a weight means while many reads are running.
TEST(balance, keeps_as_many_reads_running_as_the_weights_say) {
  replicas some({1, 2, 3});
  for (std::uint32_t tie = 0; tie < 600; ++tie) ++some.loads[some.choose(tie)].outstanding;
  for (node_index node = 1; node <= 3; ++node) EXPECT_NEAR(some.loads[node].outstanding, 100 * node, 2);
}

}  // namespace
}  // namespace highwater::routing
