#pragma once

// The servers as they really are: one history of WAL, a primary that extends it, replicas that follow as they can. The
// primary shows a commit only a while after its record is in the WAL.
// Nobody but the checker may look at this directly; the proxy's side sees what samples and answers tell.

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/monitor/transaction_snapshot.hpp"
#include "routing/cluster_view.hpp"
#include "tests/simulation/schedule.hpp"

namespace highwater::simulation {

using routing::instant;
using routing::lsn;
using routing::node_index;

using proxy::transaction_id;
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

// What one query sees: all that lies up to `complete`, and nothing behind `seen`.
struct glimpse {
  lsn complete = 0;
  lsn seen = 0;
};
struct commit_made {
  lsn at = 0;
  lsn complete = 0;      // what its statement saw
  microseconds takes{};  // until the primary shows it, and says so
};

class world {
public:
  world(schedule& when, chance& luck, std::size_t nodes);

  const server& at(node_index node) const { return servers_[node]; }
  std::size_t size() const noexcept { return servers_.size(); }
  lsn inserted() const noexcept { return trace_.back().second; }
  lsn inserted_at(instant moment) const { return kept(position_at(moment), moment); }
  // What is left of it, if something was lost at `since` or later.
  lsn kept(lsn at, instant since) const;

  std::function<void(lsn left)> on_loss;  // the primary has crashed, and has no more than this

  // Nothing if that life is over, or the node takes no writes.
  std::optional<commit_made> commit(node_index node, life_number life);
  std::optional<glimpse> read(node_index node, life_number life) const;

  // As the server itself would say it.
  proxy::transaction_snapshot snapshot(node_index node) const;
  bool calls_committed(node_index node, transaction_id id) const;
  // Of the primary: who may be committing, and some who only may.
  std::vector<transaction_id> census(chance& luck) const;

  struct {
    unsigned crashes = 0, restarts = 0, switchovers = 0, pauses = 0, stalls = 0, losses = 0;
  } happened;

private:
  struct record {
    lsn at;
    transaction_id id;
    bool committed;
    transaction_id highest;  // of this one and all before it
  };

  lsn position_at(instant moment) const;
  lsn append();
  transaction_id begin();
  microseconds finish(transaction_id id, bool commits);
  void open_transaction();
  void end_all();
  lsn complete() const;
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
  void flush() { flushed_ = inserted(); }

  unsigned life_ = 0;                            // of the primary
  lsn flushed_ = 0;                              // replicas get no more
  std::vector<std::pair<instant, lsn>> losses_;  // when, and what was left
  std::vector<record> records_;                  // in the WAL's order
  std::map<transaction_id, lsn> running_;        // on the primary; with the place of the commit record, or 0
  std::vector<transaction_id> open_;             // those of them that are not being committed
  transaction_id next_ = 1000, ended_ = 999;     // the highest that has ended
  node_index primary_ = 0;
  bool switching_ = false;
};

}  // namespace highwater::simulation
