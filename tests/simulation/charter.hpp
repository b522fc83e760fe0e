#pragma once

// The configuration of one run, drawn by chance: the default level, and policies on some of the tables. For the router
// it is the real session_policies; what a statement is owed for the checker is worked out here once more, out of
// docs/consistency.md.

#include <optional>
#include <string>
#include <vector>

#include "routing/policy.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/schedule.hpp"

namespace highwater::simulation {

inline constexpr unsigned table_count = 4;

class charter {
public:
  explicit charter(chance& luck);
  charter(const charter&) = delete;
  charter& operator=(const charter&) = delete;

  const routing::session_policies& policies() const noexcept { return *policies_; }
  config::level default_level() const noexcept { return defaults_.default_level; }

  claim of_statement(unsigned table, std::optional<config::level> asked) const;
  claim of_transaction(std::optional<config::level> asked) const;

private:
  void add_policy(unsigned table, chance& luck);
  claim owed(const std::vector<const config::policy*>& matching, std::optional<config::level> asked) const;
  bool may_be_stale(const std::vector<const config::policy*>& matching) const;

  config::consistency defaults_;
  std::vector<config::policy> written_;
  std::optional<routing::session_policies> policies_;
};

}  // namespace highwater::simulation
