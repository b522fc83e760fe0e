#include "routing/policy.hpp"

#include <algorithm>

namespace highwater::routing {

namespace {

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const std::string& pattern) { return matches_pattern(pattern, text); });
}

bool touches(const std::vector<std::string>& patterns, const statement& what) {
  if (what.hidden_relations) return true;
  return std::any_of(what.relations.begin(), what.relations.end(), [&](const relation& table) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return matches_table(pattern, table); });
  });
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) noexcept {
  // Greedy with one point to return to: a later star makes an earlier one's choice final.
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches_table(std::string_view pattern, const relation& table) noexcept {
  const auto dot = pattern.find('.');
  if (dot == std::string_view::npos) return matches_pattern(pattern, table.name);
  if (!table.schema.empty() && !matches_pattern(pattern.substr(0, dot), table.schema)) return false;
  return matches_pattern(pattern.substr(dot + 1), table.name);
}

session_policies::session_policies(const config::consistency& defaults, const std::vector<config::policy>& policies,
                                   const identity& who)
    : defaults_{defaults.default_level, defaults.max_staleness, defaults.max_lag_bytes, &defaults.on_stale} {
  for (const auto& policy : policies) {
    if (!matches_any(policy.databases, who.database) || !matches_any(policy.users, who.user) ||
        !matches_any(policy.applications, who.application)) {
      continue;
    }
    const requirement need{policy.level, policy.max_staleness, policy.max_lag_bytes,
                           policy.on_stale ? &*policy.on_stale : &defaults.on_stale};
    if (policy.tables.empty()) {
      always_ = always_ ? join(*always_, need) : need;
    } else {
      by_table_.push_back({&policy.tables, need});
    }
  }
}

requirement session_policies::base(std::optional<config::level> asked) const {
  auto need = defaults_;
  need.level = asked.value_or(defaults_.level);
  if (need.level != config::level::bounded) {
    need.max_staleness = {};
    need.max_lag_bytes = 0;
  }
  return always_ ? join(need, *always_) : need;
}

requirement session_policies::for_statement(const statement& what, std::optional<config::level> asked) const {
  auto need = base(asked);
  for (const auto& policy : by_table_) {
    if (touches(*policy.tables, what)) need = join(need, policy.need);
  }
  return need;
}

requirement session_policies::for_transaction(std::optional<config::level> asked) const {
  auto need = base(asked);
  for (const auto& policy : by_table_) need = join(need, policy.need);
  return need;
}

}  // namespace highwater::routing
