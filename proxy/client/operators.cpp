#include "proxy/client/operators.hpp"

#include <algorithm>

namespace highwater::proxy {

bool is_console(const config::admin& section, std::string_view database) noexcept {
  if (section.users.empty() && section.stats_users.empty()) return false;
  return database == section.database || database == "pgbouncer";
}

std::optional<console::access> access_of(const config::admin& section, std::string_view user) noexcept {
  const auto among = [&](const auto& names) { return std::ranges::find(names, user) != names.end(); };
  if (among(section.users)) return console::access::admin;
  if (among(section.stats_users)) return console::access::stats;
  return std::nullopt;
}

wire::error may_not_operate(std::string_view user) {
  return because(wire::error_cause::credentials,
                 {std::string(wire::sqlstate::invalid_authorization),
                  "user \"" + std::string(user) + "\" is not allowed to use Highwater's console",
                  "This database is the console, and no server has it.",
                  "Name the user in admin.users or admin.stats_users, or connect to another database."});
}

}  // namespace highwater::proxy
