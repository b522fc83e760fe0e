#pragma once

// An operator who takes replicas out of the configuration, and puts them back.

#include "tests/simulation/watcher.hpp"

namespace highwater::simulation {

class reconfiguring {
public:
  reconfiguring(schedule& when, chance& luck, const character& like, const world& servers, watcher& monitor)
      : when_(when), luck_(luck), servers_(servers), monitor_(monitor) {
    if (like.reconfigured) rest();
  }

private:
  void rest() {
    when_.after(luck_.span(2'000, 60'000), [this] { reload(); });
  }
  // Who takes the one out that leads takes the word of the other that claims to (rule 18).
  void reload() {
    const auto node = static_cast<node_index>(luck_.below(servers_.size()));
    if (!servers_.at(node).primary && !servers_.contested() && monitor_.take_out(node)) {
      when_.after(luck_.span(500, 40'000), [this, node] { monitor_.take_in(node); });
    }
    rest();
  }

  schedule& when_;
  chance& luck_;
  const world& servers_;
  watcher& monitor_;
};

}  // namespace highwater::simulation
