#include "tests/simulation/charter.hpp"

namespace highwater::simulation {

using config::level;

namespace {

using kind = config::stale_step::kind;
using std::chrono::milliseconds;
constexpr milliseconds a_moment{3};

const config::stale_steps choices[] = {
    {{kind::primary}},
    {{kind::primary}},
    {{kind::wait, a_moment}, {kind::primary}},
    {{kind::wait_while_worth}, {kind::primary}},
    {{kind::wait_while_worth}, {kind::error}},
    {{kind::wait, a_moment}, {kind::primary}, {kind::error}},
    {{kind::wait, a_moment}, {kind::error}},
    {{kind::error}},
    {{kind::wait, a_moment}, {kind::stale}},
    {{kind::stale}, {kind::primary}},
};

level some_level(chance& luck) {
  return static_cast<level>(luck.below(config::level_count));
}
milliseconds some_staleness(chance& luck) {
  return milliseconds(luck.between(2, 30));
}

// The weakest level that keeps both promises.
level both(level a, level b) {
  const bool neither = (a == level::monotonic_reads && b == level::read_your_writes) ||
                       (b == level::monotonic_reads && a == level::read_your_writes);
  return neither ? level::session : std::max(a, b);
}

void tighten(milliseconds& bound, milliseconds by) {
  if (by.count() != 0 && (bound.count() == 0 || by < bound)) bound = by;
}

bool names_stale(const config::stale_steps& list) {
  for (const auto& step : list) {
    if (step.what == kind::stale) return true;
  }
  return false;
}

}  // namespace

charter::charter(chance& luck) {
  defaults_.default_level = some_level(luck);
  defaults_.max_staleness = some_staleness(luck);
  defaults_.on_stale = luck.of(choices);
  // Nothing is said of table 0, so that the weaker levels are seen as well.
  for (unsigned table = 1; table < table_count; ++table) {
    for (auto more = luck.below(3); more > 0; --more) add_policy(table, luck);
  }
  policies_.emplace(defaults_, written_, routing::session_policies::identity{"u", "d", "a"});
}

void charter::add_policy(unsigned table, chance& luck) {
  config::policy one;
  one.tables = {"t" + std::to_string(table)};
  one.level = some_level(luck);
  if (one.level == level::bounded || luck.one_in(8)) one.max_staleness = some_staleness(luck);
  if (luck.one_in(2)) one.on_stale = luck.of(choices);
  written_.push_back(std::move(one));
}

claim charter::of_statement(unsigned table, std::optional<level> asked) const {
  std::vector<const config::policy*> matching;
  for (const auto& one : written_) {
    if (one.tables.front() == "t" + std::to_string(table)) matching.push_back(&one);
  }
  return owed(matching, asked);
}

claim charter::of_transaction(std::optional<level> asked) const {
  std::vector<const config::policy*> all;
  for (const auto& one : written_) all.push_back(&one);
  return owed(all, asked);
}

claim charter::owed(const std::vector<const config::policy*>& matching, std::optional<level> asked) const {
  auto configured = defaults_.default_level;
  claim what{asked.value_or(configured)};
  const auto base = what.level;
  for (const auto* one : matching) {
    configured = both(configured, one->level);
    what.level = both(what.level, one->level);
    tighten(what.max_staleness, one->max_staleness);
  }
  const bool asks_for_more = asked && both(*asked, configured) != configured;
  const bool bound_stands = base == level::bounded || (asks_for_more && defaults_.default_level == level::bounded);
  if (bound_stands) tighten(what.max_staleness, defaults_.max_staleness);
  what.takes_stale = !asks_for_more && may_be_stale(matching);
  return what;
}

// Rule 24: where all lists have it; the default's is not asked where a policy has one of its own.
bool charter::may_be_stale(const std::vector<const config::policy*>& matching) const {
  bool own = false;
  for (const auto* one : matching) {
    if (one->on_stale && !names_stale(*one->on_stale)) return false;
    own |= one->on_stale.has_value();
  }
  return own || names_stale(defaults_.on_stale);
}

}  // namespace highwater::simulation
