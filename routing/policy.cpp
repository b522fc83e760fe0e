#include "routing/policy.hpp"

#include <algorithm>

#include "routing/sql/table_pattern.hpp"

namespace highwater::routing {

namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           return sql::matches_pattern(pattern, text);
         });
}

bool touches(const std::vector<std::string>& patterns, const sql::statement& what) {
  if (what.hidden_relations) return true;
  return std::any_of(what.relations.begin(), what.relations.end(), [&](const sql::relation& table) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return sql::matches_table(pattern, table); });
  });
}

}  // namespace

session_policies::session_policies(const config::consistency& defaults, const std::vector<config::policy>& policies,
                                   const identity& who)
    : dumps_(who.application == "pg_dump"),
      max_staleness_(defaults.max_staleness),
      max_lag_bytes_(defaults.max_lag_bytes) {
  defaults_ = at({}, defaults.default_level);
  defaults_.on_stale = &defaults.on_stale;
  for (const auto& policy : policies) {
    if (!matches_any(policy.databases, who.database) || !matches_any(policy.users, who.user) ||
        !matches_any(policy.applications, who.application)) {
      continue;
    }
    requirement need;
    need.level = policy.level;
    need.max_staleness = policy.max_staleness;
    need.max_lag_bytes = policy.max_lag_bytes;
    need.on_stale = policy.on_stale ? &*policy.on_stale : &defaults.on_stale;
    need.own_on_stale = policy.on_stale.has_value();
    if (policy.tables.empty()) {
      always_ = always_ ? join(*always_, need) : need;
    } else {
      by_table_.push_back({&policy.tables, need});
    }
  }
}

// The configuration's bounds are those of the level `bounded`.
requirement session_policies::at(requirement need, config::level level) const noexcept {
  const bool bounds = level == config::level::bounded;
  need.level = level;
  need.max_staleness = bounds ? max_staleness_ : std::chrono::milliseconds(0);
  need.max_lag_bytes = bounds ? max_lag_bytes_ : 0;
  return need;
}

// Who asks for another level gets that instead of the default. Who asks for more than the configuration does gets
// less for it: its bounds hold, and what is stale is only for who does not ask.
requirement session_policies::settle(const std::optional<requirement>& matching,
                                     std::optional<config::level> asked) const {
  const auto joined = [&](const requirement& base) { return matching ? join(base, *matching) : base; };
  const auto configured = joined(defaults_);
  if (!asked && dumps_) asked = config::level::primary;
  if (!asked) return configured;
  auto need = joined(at(defaults_, *asked));
  if (!asks_for_more(*asked, configured.level)) return need;
  requirement bounds;
  bounds.max_staleness = configured.max_staleness;
  bounds.max_lag_bytes = configured.max_lag_bytes;
  need = join(need, bounds);
  need.takes_stale = false;
  return need;
}

requirement session_policies::for_statement(const sql::statement& what, std::optional<config::level> asked) const {
  auto matching = always_;
  for (const auto& policy : by_table_) {
    if (touches(*policy.tables, what)) matching = matching ? join(*matching, policy.need) : policy.need;
  }
  return settle(matching, asked);
}

requirement session_policies::for_transaction(std::optional<config::level> asked) const {
  auto matching = always_;
  for (const auto& policy : by_table_) {
    auto may_apply = policy.need;
    may_apply.own_on_stale = false;  // it may turn out not to be about this one at all
    matching = matching ? join(*matching, may_apply) : may_apply;
  }
  return settle(matching, asked);
}

}  // namespace highwater::routing
