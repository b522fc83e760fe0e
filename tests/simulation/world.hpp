#pragma once

// The servers as they really are: one history of WAL, a primary that extends it, replicas that follow as they can.
// Nobody but the checker may look at this directly; the proxy's side sees what samples and answers tell.

#include <optional>
#include <utility>
#include <vector>

#include "routing/cluster_view.hpp"
#include "tests/simulation/schedule.hpp"

namespace highwater::simulation {

using routing::instant;
using routing::lsn;
using routing::node_index;

using life_number = unsigned;  // of one node: grows with every restart

struct server {
  bool up = true;
  life_number life = 1;
  bool primary = false;
  routing::timeline_id timeline = 1;
  lsn received = 0;
  lsn applied = 0;    // what queries see; on the primary, what is inserted
  lsn published = 0;  // what it says of itself: redo shows a commit before it publishes the position
  lsn restart_point = 0;
  instant paused_until = routing::never;  // replays nothing
  instant deaf_until = routing::never;    // receives nothing
};

class world {
public:
  world(schedule& when, chance& luck, std::size_t nodes);

  const server& at(node_index node) const { return servers_[node]; }
  std::size_t size() const noexcept { return servers_.size(); }
  lsn inserted() const noexcept { return trace_.back().second; }
  lsn inserted_at(instant moment) const;

  // Nothing if that life is over, or the node takes no writes.
  std::optional<lsn> commit(node_index node, life_number life);
  std::optional<lsn> read(node_index node, life_number life) const;

  struct {
    unsigned crashes = 0, restarts = 0, switchovers = 0, pauses = 0;
  } happened;

private:
  lsn append();
  void follow(node_index node);
  void write_around();
  void disturb();
  void crash(node_index node);
  void restart_primary();
  void begin_switchover();
  void promote_somebody();
  void come_back(node_index node, microseconds later);

  schedule& when_;
  chance& luck_;
  std::vector<server> servers_;
  std::vector<std::pair<instant, lsn>> trace_;  // of the insert position
  node_index primary_ = 0;
  bool switching_ = false;
};

}  // namespace highwater::simulation
