#pragma once

// One run of the simulation: a world, its troubles, the proxy and its clients, from a seed.

#include "tests/simulation/clients.hpp"
#include "tests/simulation/reconfiguring.hpp"
#include "tests/simulation/troubles.hpp"

namespace highwater::simulation {

struct run {
  explicit run(const character& what)
      : like(what),
        luck(like.seed),
        servers(when, luck, like),
        trouble(when, luck, like, servers),
        users(when, luck, like, servers),
        reloads(when, luck, like, servers, users.monitor()) {}

  // So many operations. If the clients stand still, it ends all the same, and says so by what it counts.
  void go(std::uint64_t operations) {
    const auto end = when.now() + std::chrono::milliseconds(50) * static_cast<std::int64_t>(operations);
    while (users.operations() < operations && when.now() < end) when.step();
  }

  character like;
  schedule when;
  chance luck;
  world servers;
  troubles trouble;
  clients users;
  reconfiguring reloads;
};

}  // namespace highwater::simulation
