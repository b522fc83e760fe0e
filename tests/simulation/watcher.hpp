#pragma once

// The proxy's control thread, in simulated time: the real tracker and the real cluster_state over simulated
// connections, whose messages may be late, or lost.

#include <functional>
#include <vector>

#include "proxy/monitor/cluster_state.hpp"
#include "proxy/monitor/tracker.hpp"
#include "tests/simulation/world.hpp"

namespace highwater::simulation {

class watcher {
public:
  watcher(schedule& when, chance& luck, const character& like, const world& servers, std::function<void()> on_view);

  const routing::cluster_view_ptr& view() const noexcept { return view_; }

  void need_sample(node_index node, instant since);
  void need_proof(routing::shown_by whom, node_index node, instant since);
  void need_position(node_index node, lsn floor, instant deadline);
  // The configuration has it no more, and has it again. False if that is so already.
  bool take_out(node_index node);
  void take_in(node_index node);
  // The connection to it has ended.
  void heard_of_death(node_index node, life_number life);

  struct {
    unsigned questions = 0, lost_messages = 0, timeouts = 0, taken_out = 0;
  } happened;

private:
  struct watch {
    explicit watch(const config::monitor& settings) : when(settings) {}
    proxy::tracker when;
    life_number life = 0;     // of the connection
    std::uint32_t asked = 0;  // questions so far: an answer to an abandoned one does not count
    bool connected = false;
    bool taken_out = false;
    proxy::proof_question about;
    proxy::node_sample answer;  // as it is being made
    life_number answered_in = 0;
    server real;  // while connecting
    instant wakes_at = routing::never;
  };

  void advance(node_index node);
  void ask_for_proofs();
  void connect(node_index node);
  void say_who_it_is(node_index node);
  void connected(node_index node);
  void ask(node_index node);
  void take_snapshot(node_index node);
  void look_up(node_index node);
  void look_up_commits(node_index node);
  routing::timeline_id timeline_said(node_index node) const;
  static void print_snapshot(proxy::node_sample& of);
  void take_answer(node_index node);
  void fail(node_index node);
  void publish();
  bool is_lost(node_index node);
  void then(node_index node, microseconds delay, void (watcher::*step)(node_index));

  schedule& when_;
  chance& luck_;
  const character& like_;
  const world& servers_;
  std::function<void()> on_view_;
  config::monitor settings_;
  proxy::cluster_state state_;
  std::vector<watch> watches_;
  routing::cluster_view_ptr view_;
};

}  // namespace highwater::simulation
