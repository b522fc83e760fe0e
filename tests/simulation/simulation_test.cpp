#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "tests/simulation/clients.hpp"

namespace highwater::simulation {
namespace {

using config::level;
using routing::route_reason;
using testing::Gt;

constexpr int steps = 300'000;

struct setting {
  std::uint64_t seed;
  std::size_t nodes = 4;
  crowd who = {};
};
void PrintTo(const setting& one, std::ostream* out) {  // NOLINT(readability-identifier-naming): GoogleTest's
  *out << "seed " << one.seed << ", " << one.nodes << " nodes, " << one.who.size << " sessions";
}

struct run {
  explicit run(const setting& one)
      : luck(one.seed), servers(when, luck, one.nodes), users(when, luck, servers, one.who) {
    for (int step = 0; step < steps; ++step) when.step();
  }

  schedule when;
  chance luck;
  world servers;
  clients users;
};

class simulated_cluster : public testing::TestWithParam<setting> {};

TEST_P(simulated_cluster, keeps_every_promise) {
  const run it(GetParam());
  const auto& broken = it.users.judged().broken();
  EXPECT_TRUE(broken.empty()) << broken.size() << " broken, the first: " << broken.front();
}

// HIGHWATER_SIMULATION_SEEDS: more of them, by hand.
std::vector<setting> settings() {
  std::vector<setting> all;
  const char* wanted = std::getenv("HIGHWATER_SIMULATION_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? 5 : std::strtoull(wanted, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    all.push_back({seed});
    all.push_back({seed, 3, {3, true}});
    all.push_back({seed, 2, {2, true}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(seeds, simulated_cluster, testing::ValuesIn(settings()));

// Each run of the tests looks at something that no run before has looked at. HIGHWATER_SIMULATION_SEED: that one again.
TEST(simulated_cluster_itself, keeps_every_promise_from_a_fresh_seed) {
  const char* wanted = std::getenv("HIGHWATER_SIMULATION_SEED");
  const std::uint64_t seed = wanted == nullptr ? std::random_device()() : std::strtoull(wanted, nullptr, 10);
  std::cout << "HIGHWATER_SIMULATION_SEED=" << seed << '\n';
  for (const setting& each : {setting{seed}, setting{seed, 3, {3, true}}, setting{seed, 2, {2, true}}}) {
    const run it(each);
    const auto& broken = it.users.judged().broken();
    EXPECT_TRUE(broken.empty()) << broken.size() << " broken of " << it.users.happened.reads << " reads, with seed "
                                << seed << " and " << each.nodes << " nodes; the first: " << broken.front();
  }
}

// A run in which nothing happens would prove nothing.
TEST(simulated_cluster_itself, does_what_the_promises_are_about) {
  const run it({1});
  const auto& judged = it.users.judged();
  for (std::size_t each = 0; each < config::level_count; ++each) {
    const auto l = static_cast<level>(each);
    if (l == level::primary) continue;
    EXPECT_THAT(judged.served(l, route_reason::fresh), Gt(100U)) << config::to_string(l);
    if (l != level::eventual) {
      EXPECT_THAT(judged.served(l, route_reason::fallback), Gt(10U)) << config::to_string(l);
    }
  }
  EXPECT_THAT(judged.served(route_reason::sticky), Gt(500U));
  EXPECT_THAT(judged.served(route_reason::stale), Gt(20U));
  EXPECT_THAT(judged.served(level::primary, route_reason::level_primary), Gt(100U));
  const auto& users = it.users.happened;
  EXPECT_THAT(users.unknown_commits, Gt(10U));
  EXPECT_THAT(users.broken_connections, Gt(10U));
  EXPECT_THAT(users.retries, Gt(10U));
  EXPECT_THAT(users.waits, Gt(500U));
  EXPECT_THAT(users.refused, Gt(50U));
  const auto& world = it.servers.happened;
  EXPECT_THAT(world.crashes, Gt(20U));
  EXPECT_THAT(world.restarts, Gt(2U));
  EXPECT_THAT(world.switchovers, Gt(2U));
  EXPECT_THAT(world.pauses, Gt(20U));
}

TEST(simulated_cluster_itself, is_the_same_for_the_same_seed) {
  const run a({5}), b({5});
  EXPECT_EQ(a.users.happened.reads, b.users.happened.reads);
  EXPECT_EQ(a.servers.inserted(), b.servers.inserted());
  EXPECT_EQ(a.when.now(), b.when.now());
}

}  // namespace
}  // namespace highwater::simulation
