#pragma once

// The proxy's control thread, in simulated time: the real tracker and the real cluster_state over simulated
// connections.

#include <functional>
#include <unordered_map>
#include <vector>

#include "proxy/monitor/cluster_state.hpp"
#include "proxy/monitor/tracker.hpp"
#include "tests/simulation/world.hpp"

namespace highwater::simulation {

class watcher {
public:
  watcher(schedule& when, chance& luck, const world& servers, std::function<void()> on_view);

  const routing::cluster_view& view() const noexcept { return *view_; }
  // Which life of its node an incarnation stands for.
  life_number life_of(routing::incarnation_id id) const { return lives_.at(id); }

  void need_sample(node_index node, instant since);
  void need_proof(routing::shown_by whom, node_index node, instant since);
  void need_position(node_index node, lsn floor, instant deadline);

private:
  struct watch {
    explicit watch(const config::monitor& settings) : when(settings) {}
    proxy::tracker when;
    life_number life = 0;     // of the connection
    std::uint64_t asked = 0;  // questions so far: an answer to an abandoned one does not count
    instant wakes_at = routing::never;
  };

  void advance(node_index node);
  void ask_for_proofs();
  void connect(node_index node);
  void ask(node_index node);
  void look_up(node_index node, const proxy::proof_question& about, proxy::node_sample& answer);
  void fail(node_index node);
  void publish();

  schedule& when_;
  chance& luck_;
  const world& servers_;
  std::function<void()> on_view_;
  config::monitor settings_;
  proxy::cluster_state state_;
  std::vector<watch> watches_;
  std::unordered_map<routing::incarnation_id, life_number> lives_;
  routing::cluster_view_ptr view_;
};

}  // namespace highwater::simulation
