#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

// NULL matches everything.
cell listed(const std::vector<std::string>& patterns) {
  std::string text;
  for (const auto& each : patterns) text += (text.empty() ? "" : ", ") + each;
  return unless_empty(text);
}

// Zero is no bound.
cell bound(std::uint64_t value) {
  return value == 0 ? cell() : number(value);
}

std::string step(const config::stale_step& what) {
  switch (what.what) {
    using enum config::stale_step::kind;
    case wait:
      return "wait " + std::to_string(what.duration.count()) + "ms";
    case wait_while_worth:
      return "wait auto";
    case primary:
      return "primary";
    case stale:
      return "stale";
    case error:
      return "error";
  }
  return {};
}

cell steps_of(const std::optional<config::stale_steps>& steps) {
  if (!steps) return std::nullopt;
  std::string text;
  for (const auto& each : *steps) text += (text.empty() ? "" : ", ") + step(each);
  return text;
}

constexpr auto policy_fields = std::to_array<field<policy_facts>>({
    {"name", column_type::text, [](const policy_facts& one) { return text_of(one.policy.name); }},
    {"tables", column_type::text, [](const policy_facts& one) { return listed(one.policy.tables); }},
    {"databases", column_type::text, [](const policy_facts& one) { return listed(one.policy.databases); }},
    {"users", column_type::text, [](const policy_facts& one) { return listed(one.policy.users); }},
    {"applications", column_type::text, [](const policy_facts& one) { return listed(one.policy.applications); }},
    {"level", column_type::text, [](const policy_facts& one) { return level_of(one.policy.level); }},
    {"max_staleness_ms", column_type::int8,
     [](const policy_facts& one) { return bound(static_cast<std::uint64_t>(one.policy.max_staleness.count())); }},
    {"max_lag_bytes", column_type::int8, [](const policy_facts& one) { return bound(one.policy.max_lag_bytes); }},
    {"on_stale", column_type::text, [](const policy_facts& one) { return steps_of(one.policy.on_stale); }},
    {"matched", column_type::int8, [](const policy_facts& one) { return number(one.matched); }},
});
constexpr auto policy_columns = columns_in(policy_fields);

}  // namespace

shown_view policies_view() noexcept {
  return {policy_columns, [](const facts& known) { return rows_of(policy_fields, known.policies); }};
}

}  // namespace highwater::console
