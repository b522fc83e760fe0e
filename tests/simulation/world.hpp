#pragma once

// The servers as they really are: a primary that extends the WAL, replicas that follow as they can, and what happens to
// them. Nobody but the checker may look at this directly; the proxy's side sees what samples and answers tell.

#include <functional>
#include <optional>
#include <vector>

#include "routing/cluster_view.hpp"
#include "tests/simulation/wal.hpp"

namespace highwater::simulation {

using routing::node_index;

using life_number = std::uint32_t;  // of one node: grows with every restart

struct server {
  bool up = true;
  bool primary = false;  // it says so
  life_number life = 1;
  std::int64_t started = 0;    // of the server; a crash of a backend leaves it as it is
  std::int64_t recovered = 0;  // of its last recovery
  unsigned branch = 0;
  lsn received = wal::start;
  lsn applied = wal::start;    // what queries see; on the primary, what is inserted
  lsn published = wal::start;  // what it says of itself: redo shows a commit before it publishes the position
  lsn restart_point = wal::start;
  routing::timeline_id control_timeline = 1;
  instant paused_until = routing::never;  // replays nothing
  instant deaf_until = routing::never;    // receives nothing
};

// What one query sees: all that lies up to `complete`, and nothing behind `seen`.
struct glimpse {
  place complete, seen;
};

class world {
public:
  world(schedule& when, chance& luck, const character& like);

  const wal& history() const noexcept { return wal_; }
  const server& at(node_index node) const { return servers_[node]; }
  std::size_t size() const noexcept { return servers_.size(); }
  bool lives(node_index node, life_number life) const { return servers_[node].up && servers_[node].life == life; }
  // The one whose writes count.
  bool leads(node_index node) const noexcept { return node == primary_ && servers_[node].primary; }
  routing::timeline_id timeline_of(node_index node) const { return timelines_[servers_[node].branch]; }
  // Two nodes claim to be the newest timeline's primary. Who asks one of them alone cannot tell, so nothing else
  // happens then (rule 18).
  bool contested() const noexcept { return claimant_ != routing::no_node; }

  std::function<void(lsn left)> on_loss;        // the history goes on from there
  std::function<void(node_index)> on_death;     // its connections end
  std::function<bool(node_index)> is_known_to;  // does the proxy take it for the primary?

  // Of a server that lives.
  glimpse read(node_index node) const;
  transaction_id begin(node_index node);  // a transaction that writes; 0 if the node is not the one whose writes count
  struct commit_made {
    place at;
    microseconds takes{};  // until the primary shows it, and says so
  };
  std::optional<commit_made> commit(transaction_id id);  // none: it was lost with its primary
  void roll_back(transaction_id id);

  // As the server itself would say it.
  proxy::transaction_snapshot snapshot(node_index node) const;
  bool calls_committed(node_index node, transaction_id id) const;
  bool streams(node_index node) const noexcept;

  // What goes wrong: see upheavals.cpp. False if it cannot happen now.
  bool pause(node_index node);
  bool deafen(node_index node);
  bool crash(node_index node);
  bool restart_primary();
  bool switch_over();
  bool fail_over();
  bool contest();

  struct {
    unsigned pauses = 0, deafs = 0, crashes = 0, rewinds = 0, restarts = 0, tails_lost = 0, switchovers = 0,
             failovers = 0, writes_lost = 0, contests = 0, deposed_returns = 0, divergences = 0, astray_writes = 0;
  } happened;

private:
  void follow(node_index node);
  void receive(server& one);
  void change_branch(node_index node);
  void write_around();
  void end_later(transaction_id id);
  void shows_all() noexcept;
  void come_back(node_index node, microseconds later);
  void return_rewound(node_index node, microseconds later);
  void return_deposed(node_index node);
  void rewind(node_index node);
  void promote_when_caught_up();
  void promote(node_index heir);
  void fall(node_index node);
  void claim();
  void give_up_claim() noexcept { claimant_ = routing::no_node; }
  node_index somebody_else();
  place seen_by(const server& one) const noexcept { return {one.applied, one.branch}; }

  schedule& when_;
  chance& luck_;
  const character& like_;
  wal wal_;
  std::vector<server> servers_;
  std::vector<routing::timeline_id> timelines_{1};  // of each branch
  node_index primary_ = 0;
  node_index claimant_ = routing::no_node;  // who claims it besides
  bool changing_ = false;                   // there is no primary, and somebody will be
  std::int64_t clock_ = 1'000'000;          // for what servers say of their start
};

}  // namespace highwater::simulation
