#pragma once

// What a user may have in a database: `pool` and `timeouts`, and what `limits.per_user` and `limits.per_database` say
// that is another way. As with settings of PostgreSQL, the user beats the database; but what stands there by name beats
// `*`.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace highwater::config {

struct allowed {
  struct pool pool;
  struct timeouts timeouts;
};

allowed allowed_to(const config& of, std::string_view user, std::string_view database);

// Who a client is on the servers, and where: see `databases`.
struct server_names {
  std::string user;
  std::string database;

  auto operator<=>(const server_names&) const = default;
};
server_names names_on_servers(const config& of, const std::string& user, const std::string& database);

// In all, at a time; none: no limit of its own.
std::optional<unsigned> clients_of_user(const limits& of, std::string_view user);
std::optional<unsigned> clients_of_database(const limits& of, std::string_view database);

// Of the pools of a user in whichever database; none: as the database has it.
std::optional<unsigned> pool_size_of_user(const limits& of, std::string_view user);
std::optional<unsigned> reserve_of_user(const limits& of, std::string_view user);

// Server connections to any one node, at a time.
struct server_limits {
  std::optional<unsigned> in_all;
  std::optional<unsigned> of_user;
  std::optional<unsigned> of_database;

  bool any() const noexcept { return in_all || of_user || of_database; }
};
server_limits server_limits_of(const limits& of, std::string_view user, std::string_view database);

}  // namespace highwater::config
