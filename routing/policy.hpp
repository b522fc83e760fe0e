#pragma once

// Which level a statement gets: the configuration's default or what the session asked for, joined with every policy
// that matches.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "routing/requirement.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::routing {

// The policies that apply to one kind of session, worked out once. pg_dump has one of its own: `primary`, unless it
// asks for a level. It believes to be where it was told that it is no standby: there it copies unlogged tables, and
// takes as long as it takes.
class session_policies {
public:
  struct identity {
    std::string_view user, database, application;
  };
  session_policies(const config::consistency& defaults, const std::vector<config::policy>& policies,
                   const identity& who);

  // Base level: `asked` by comment or SET, else the configuration's. Policies can only strengthen it, and who asks for
  // more never gets less (rule 24).
  requirement for_statement(const sql::statement& what, std::optional<config::level> asked) const;
  // For a transaction that will be placed before its statements are known: whatever may apply to any of them.
  requirement for_transaction(std::optional<config::level> asked) const;

private:
  struct table_policy {
    const std::vector<std::string>* tables;
    requirement need;
  };
  requirement at(requirement need, config::level level) const noexcept;
  requirement settle(const std::optional<requirement>& matching, std::optional<config::level> asked) const;

  bool dumps_ = false;  // it is pg_dump
  std::chrono::milliseconds max_staleness_;
  std::uint64_t max_lag_bytes_;
  requirement defaults_;
  std::optional<requirement> always_;  // of the policies that do not look at tables
  std::vector<table_policy> by_table_;
};

}  // namespace highwater::routing
