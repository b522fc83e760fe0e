#pragma once

// Knows what everybody was told, in true positions, and holds each read against the promise of its level. It shares
// nothing with what it judges but the levels' names: who may ask for what it works out by itself, too.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "config/level.hpp"
#include "tests/simulation/world.hpp"

namespace highwater::simulation {

// How a read was served.
struct service {
  place seen;
  place complete;  // all up to there, and `seen` only some of what lies behind it
  bool on_primary = false;
  bool early = false;  // the primary did not show all of it
  bool stale = false;  // the client is told that it may be
  instant decided;     // when the node was chosen, for promises about time
};

// What a statement is owed by the configuration and whoever sends it.
struct claim {
  config::level level = config::level::eventual;
  std::chrono::milliseconds max_staleness{0};  // 0: no bound
  bool takes_stale = false;
};

// What a read must show at the least; taken when it arrives, because nothing later binds it.
struct promise {
  claim what;
  lsn own_write = 0;         // of the session's last write
  lsn own_read = 0;          // the highest that the session has seen
  lsn domain = 0;            // the highest that anybody was told of
  lsn primary = 0;           // where the primary was
  lsn shown = 0;             // the highest that a replica has shown the session; causal, strong: or anybody
  std::uint64_t number = 0;  // of the statement
  unsigned branch = 0;       // of the history, on which all these are; what is lost of it is owed no more
};

class checker {
public:
  checker(std::size_t sessions, const wal& history) : sessions_(sessions), history_(history) {}

  promise on_arrival(std::size_t session, const claim& what);
  std::uint64_t next_number() noexcept { return ++statements_; }
  void told_of_write(std::size_t session, place commit);
  // Rule 7: its commit has happened, whether or not it will be told; and it is told that nobody knows.
  void committed(std::size_t session, place commit) { sessions_[session].may_have = commit; }
  void told_of_unknown(std::size_t session) { told_of_write(session, sessions_[session].may_have); }
  void told_of_read(std::size_t session, const promise& what, const service& how);
  // Rule 9: what is done on the primary is done on no less than was shown before. `complete`: what it has all of.
  void acted_on_primary(std::size_t session, const promise& what, place complete);
  // Rules 7 and 15: never twice.
  void ran_write(std::size_t session, const promise& what);
  // Rule 12: on a node that is not the primary.
  void wrote_elsewhere(std::size_t session);

  // What lay behind is lost for everybody: rule 11.
  void lost(lsn left);
  void begins_anew(std::size_t session) {
    const auto ran = sessions_[session].ran;
    sessions_[session] = {};
    sessions_[session].ran = ran;
  }

  const std::vector<std::string>& broken() const noexcept { return broken_; }
  std::uint64_t breaches = 0;
  std::array<std::uint64_t, config::level_count> judged{};  // reads, by level
  std::uint64_t served_stale = 0;
  std::uint64_t shown_early = 0;  // by a replica, and the primary did not show all of it yet

private:
  lsn required(const promise& what, instant decided) const;
  lsn bound_in_time(const claim& what, instant decided) const;
  void report(std::size_t session, const promise& what, const std::string& why);

  struct told {
    lsn written = 0;
    lsn seen = 0;
    lsn shown = 0;  // ... by replicas
    place may_have{};
    std::uint64_t ran = 0;  // the newest of its statements that has written
  };
  std::vector<told> sessions_;
  const wal& history_;
  std::uint64_t statements_ = 0;
  lsn domain_ = 0;
  lsn domain_shown_ = 0;
  std::vector<std::string> broken_;
};

}  // namespace highwater::simulation
