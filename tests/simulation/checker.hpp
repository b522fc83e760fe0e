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
  lsn shown = 0;      // the highest that a replica has shown the session; causal, strong: or anybody
};

class checker {
public:
  explicit checker(std::size_t sessions) : sessions_(sessions) {}

  promise on_arrival(std::size_t session, config::level level, lsn primary_at) const {
    const bool of_all = level == config::level::causal || level == config::level::strong;
    const auto shown = of_all ? domain_shown_ : sessions_[session].shown;
    return {level, sessions_[session].written, sessions_[session].seen, domain_, primary_at, shown};
  }
  void told_of_write(std::size_t session, lsn commit) {
    sessions_[session].written = std::max(sessions_[session].written, commit);
    domain_ = std::max(domain_, commit);
  }
  // Rule 9: what is done on the primary is done on no less than was shown before. `complete`: what it has all of.
  void acted_on_primary(std::size_t session, const promise& what, lsn complete);
  // `bound`: where the primary was at the end of the read's max_staleness, or 0.
  void told_of_read(std::size_t session, const promise& what, const routing::plan& by, bool on_primary, lsn seen,
                    lsn bound);

  // What lay behind is lost for everybody.
  void lost(lsn left) {
    for (auto& one : sessions_)
      one = {std::min(one.written, left), std::min(one.seen, left), std::min(one.shown, left)};
    domain_ = std::min(domain_, left);
    domain_shown_ = std::min(domain_shown_, left);
  }
  static void lost(promise& what, lsn left) {
    for (auto* each : {&what.own_write, &what.own_read, &what.domain, &what.primary, &what.shown}) {
      *each = std::min(*each, left);
    }
  }

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
    lsn shown = 0;  // ... by replicas
  };
  std::vector<told> sessions_;
  lsn domain_ = 0;
  lsn domain_shown_ = 0;
  std::vector<std::string> broken_;
  std::array<std::array<unsigned, routing::route_reason_count>, config::level_count> served_{};
};

}  // namespace highwater::simulation
