#include "tests/simulation/checker.hpp"

namespace highwater::simulation {

// As docs/consistency.md has it, level by level; deliberately not in the router's terms.
lsn checker::required(const promise& what, lsn bound) {
  switch (what.level) {
    using enum config::level;
    case eventual:
      return 0;
    case bounded:
      return bound;
    case monotonic_reads:
      return what.own_read;
    case read_your_writes:
      return what.own_write;
    case session:
      return std::max(what.own_read, what.own_write);
    case causal:
      return std::max({what.domain, what.own_read, what.own_write});
    case strong:
    case primary:
      return what.primary;
  }
  return 0;
}

void checker::told_of_read(std::size_t session, const promise& what, const routing::plan& by, bool on_primary, lsn seen,
                           lsn bound) {
  ++served_[static_cast<std::size_t>(what.level)][static_cast<std::size_t>(by.reason)];
  const lsn floor = by.reason == routing::route_reason::stale ? 0 : required(what, bound);
  const bool misplaced = what.level == config::level::primary && !on_primary;
  if (seen < floor || misplaced) {
    broken_.push_back(std::string(config::to_string(what.level)) + " of session " + std::to_string(session) +
                      " on node " + std::to_string(by.node) + " (" + std::string(routing::to_string(by.reason)) +
                      "): shown " + routing::to_string(seen) + ", promised " + routing::to_string(floor));
  }
  sessions_[session].seen = std::max(sessions_[session].seen, seen);
  domain_ = std::max(domain_, seen);
  if (on_primary) return;
  sessions_[session].shown = std::max(sessions_[session].shown, seen);
  domain_shown_ = std::max(domain_shown_, seen);
}

void checker::acted_on_primary(std::size_t session, const promise& what, lsn complete) {
  using config::level;
  const bool minds =
      what.level != level::eventual && what.level != level::bounded && what.level != level::read_your_writes;
  if (!minds || complete >= what.shown) return;
  broken_.push_back(std::string(config::to_string(what.level)) + " of session " + std::to_string(session) +
                    ": acted on the primary that showed all up to " + routing::to_string(complete) +
                    ", and had been shown " + routing::to_string(what.shown));
}

}  // namespace highwater::simulation
