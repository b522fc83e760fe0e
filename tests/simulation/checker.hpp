#pragma once

// Knows what everybody was told, in true positions, and holds each read against the promise of its level.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "config/level.hpp"
#include "routing/decide.hpp"
#include "tests/simulation/world.hpp"

namespace highwater::simulation {

// What a read must show at the least; taken when it arrives, because nothing later binds it.
struct promise {
  config::level level = config::level::eventual;
  lsn own_write = 0;  // of the session's last write
  lsn own_read = 0;   // the highest that the session has seen
  lsn domain = 0;     // the highest that anybody was told of
  lsn primary = 0;    // where the primary was
};

class checker {
public:
  explicit checker(std::size_t sessions) : sessions_(sessions) {}

  promise on_arrival(std::size_t session, config::level level, lsn primary_at) const {
    return {level, sessions_[session].written, sessions_[session].seen, domain_, primary_at};
  }
  void told_of_write(std::size_t session, lsn commit) {
    sessions_[session].written = std::max(sessions_[session].written, commit);
    domain_ = std::max(domain_, commit);
  }
  // `bound`: where the primary was at the end of the read's max_staleness, or 0.
  void told_of_read(std::size_t session, const promise& what, const routing::plan& by, bool on_primary, lsn seen,
                    lsn bound);

  const std::vector<std::string>& broken() const noexcept { return broken_; }
  unsigned served(config::level level, routing::route_reason reason) const {
    return served_[static_cast<std::size_t>(level)][static_cast<std::size_t>(reason)];
  }
  unsigned served(routing::route_reason reason) const {
    unsigned all = 0;
    for (const auto& of_level : served_) all += of_level[static_cast<std::size_t>(reason)];
    return all;
  }

private:
  static lsn required(const promise& what, lsn bound);

  struct told {
    lsn written = 0;
    lsn seen = 0;
  };
  std::vector<told> sessions_;
  lsn domain_ = 0;
  std::vector<std::string> broken_;
  std::array<std::array<unsigned, routing::route_reason_count>, config::level_count> served_{};
};

}  // namespace highwater::simulation
