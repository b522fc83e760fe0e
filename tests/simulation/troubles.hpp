#pragma once

// What goes wrong in the world, and when: chosen by chance, as often as the run's character has it.

#include "tests/simulation/world.hpp"

namespace highwater::simulation {

class troubles {
public:
  troubles(schedule& when, chance& luck, const character& like, world& servers)
      : when_(when), luck_(luck), like_(like), servers_(servers) {
    if (like_.begins_contested) servers_.contest();
    rest();
  }

private:
  void rest() {
    const auto pause = luck_.span(2'000, 30'000);
    when_.after(like_.calm ? 10 * pause : pause, [this] { disturb(); });
  }
  void disturb() {
    const auto node = static_cast<node_index>(luck_.below(servers_.size()));
    const auto kind = luck_.below(40);
    if (kind < 10) {
      servers_.pause(node);
    } else if (kind < 16) {
      servers_.deafen(node);
    } else if (kind < 28) {
      servers_.crash(node);
    } else if (kind < 32) {
      servers_.restart_primary();
    } else if (kind < 34) {
      servers_.switch_over();
    } else if (kind < 37) {
      servers_.fail_over();
    } else {
      servers_.contest();
    }
    rest();
  }

  schedule& when_;
  chance& luck_;
  const character& like_;
  world& servers_;
};

}  // namespace highwater::simulation
