#include "tests/simulation/checker.hpp"

#include "routing/position.hpp"

namespace highwater::simulation {

using config::level;

promise checker::on_arrival(std::size_t session, const claim& what) {
  const bool of_all = what.level == level::causal || what.level == level::strong;
  const auto& one = sessions_[session];
  promise due{what, one.written, one.seen, domain_, history_.inserted(), of_all ? domain_shown_ : one.shown};
  due.number = next_number();
  due.branch = history_.branch();
  return due;
}

// As docs/consistency.md has it, level by level; deliberately not in the router's terms.
lsn checker::required(const promise& what, instant decided) const {
  const auto by_level = [&]() -> lsn {
    switch (what.what.level) {
      case level::eventual:
      case level::bounded:
        return 0;
      case level::monotonic_reads:
        return what.own_read;
      case level::read_your_writes:
        return what.own_write;
      case level::session:
        return std::max(what.own_read, what.own_write);
      case level::causal:
        return std::max({what.domain, what.own_read, what.own_write});
      case level::strong:
      case level::primary:
        return what.primary;
    }
    return 0;
  };
  return std::max(history_.surviving({by_level(), what.branch}), bound_in_time(what.what, decided));
}

lsn checker::bound_in_time(const claim& what, instant decided) const {
  if (what.max_staleness.count() == 0) return 0;
  return history_.surviving(history_.end_at(decided - what.max_staleness));
}

void checker::told_of_write(std::size_t session, place commit) {
  const auto at = history_.surviving(commit);
  sessions_[session].written = std::max(sessions_[session].written, at);
  domain_ = std::max(domain_, at);
}

void checker::told_of_read(std::size_t session, const promise& what, const service& how) {
  ++judged[static_cast<std::size_t>(what.what.level)];
  const auto at = history_.surviving(how.seen);
  if (how.stale) {
    ++served_stale;
    if (!what.what.takes_stale) report(session, what, "served stale");
  } else if (const auto floor = required(what, how.decided); at < floor) {
    report(session, what, "shown " + routing::to_string(at) + ", promised " + routing::to_string(floor));
  }
  if (what.what.level == level::primary && !how.on_primary) report(session, what, "not on the primary");
  // One that may be stale may be so in any way, also where a replica has become the primary.
  if (how.on_primary && !how.stale) acted_on_primary(session, what, how.complete);
  auto& one = sessions_[session];
  one.seen = std::max(one.seen, at);
  domain_ = std::max(domain_, at);
  if (how.on_primary) return;
  if (how.early) ++shown_early;
  one.shown = std::max(one.shown, at);
  domain_shown_ = std::max(domain_shown_, at);
}

void checker::acted_on_primary(std::size_t session, const promise& what, place complete) {
  const auto l = what.what.level;
  const bool minds = l != level::eventual && l != level::bounded && l != level::read_your_writes;
  const auto at = history_.surviving(complete);
  const auto shown = history_.surviving({what.shown, what.branch});
  if (!minds || at >= shown) return;
  report(session, what,
         "acted on the primary that showed all up to " + routing::to_string(at) + ", and had been shown " +
             routing::to_string(shown));
}

// Its statements run in their order.
void checker::ran_write(std::size_t session, const promise& what) {
  auto& ran = sessions_[session].ran;
  if (what.number <= ran) report(session, what, "a write ran twice");
  ran = std::max(ran, what.number);
}

void checker::wrote_elsewhere(std::size_t session) {
  report(session, {}, "wrote to a node that is not the primary");
}

void checker::report(std::size_t session, const promise& what, const std::string& why) {
  ++breaches;
  if (broken_.size() >= 10) return;
  broken_.push_back(std::string(config::to_string(what.what.level)) + " of session " + std::to_string(session) + ": " +
                    why);
}

void checker::lost(lsn left) {
  for (auto& one : sessions_) {
    for (auto* each : {&one.written, &one.seen, &one.shown}) *each = std::min(*each, left);
  }
  domain_ = std::min(domain_, left);
  domain_shown_ = std::min(domain_shown_, left);
}

}  // namespace highwater::simulation
