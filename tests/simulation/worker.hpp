#pragma once

// One worker thread of the proxy: its sessions, its connections, and the view as it has got it.

#include <functional>
#include <memory>
#include <vector>

#include "metrics/worker_probe.hpp"
#include "proxy/client/domain.hpp"
#include "routing/balance.hpp"
#include "tests/simulation/line_pool.hpp"
#include "tests/simulation/watcher.hpp"

namespace highwater::simulation {

class session;
struct batch;
struct outcome;

// What all workers of a run have in common, and what happened to their sessions.
struct process {
  network& net;
  watcher& monitor;
  proxy::domain& domain;
  const charter& rules;
  std::function<void(std::size_t who, const batch& what, const outcome& of)> answered;
  std::function<void(std::size_t who)> ended;
  struct {
    unsigned waits = 0, closed_gates = 0, gate_timeouts = 0, refused = 0, no_node = 0, retries = 0, unknown_commits = 0,
             unproved = 0, strangers = 0, other_lives = 0, given_back = 0, queue_timeouts = 0, turned_away = 0,
             joined = 0, held_back = 0, floors_restarted = 0, deposed = 0, fatal = 0, late_views = 0, sticky = 0,
             fresh = 0, fallback = 0, stale = 0, level_primary = 0;
  } happened = {};
};

class worker {
public:
  explicit worker(process& of);

  process& shared() noexcept { return process_; }
  schedule& when() noexcept { return process_.net.when; }
  instant now() const noexcept { return process_.net.when.now(); }
  const routing::cluster_view& view() const noexcept { return *view_; }
  std::vector<routing::node_load>& loads() noexcept { return loads_; }
  std::uint32_t& turn() noexcept { return turn_; }
  line_pool& pool_of(node_index node) { return *pools_[node]; }
  metrics::worker_probe& probe() noexcept { return probe_; }
  void join(session& who) { sessions_.push_back(&who); }

  void node_suspect(node_index node);
  // The control thread has published one; this thread sees it now, or a while later.
  void published(const routing::cluster_view_ptr& view);
  void heard_of_death(node_index node, life_number life);

private:
  void look();
  void abandon_dead_nodes();

  process& process_;
  routing::cluster_view_ptr view_, coming_;
  bool looks_ = false;  // it is about to
  std::vector<routing::node_load> loads_;
  std::vector<std::unique_ptr<line_pool>> pools_;
  std::vector<routing::incarnation_id> lives_;
  std::vector<session*> sessions_;
  std::uint32_t turn_ = 0;
  node_index primary_ = routing::no_node;
  metrics::worker_probe probe_;
};

}  // namespace highwater::simulation
