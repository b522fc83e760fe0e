#include "config/allowed.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace highwater::config {
namespace {

using allowances = std::vector<allowance>;

const allowance* named(const allowances& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &allowance::name);
  return found == all.end() ? nullptr : &*found;
}

// The first that says something beats the others.
using ranked = std::array<const allowance*, 4>;

ranked rank(const limits& of, std::string_view user, std::string_view database) {
  return {named(of.per_user, user), named(of.per_database, database), named(of.per_user, "*"),
          named(of.per_database, "*")};
}

template <class Value, class Own>
void settle(Value& value, const ranked& all, const Own& own) {
  for (const auto* one : all) {
    if (one == nullptr || !own(*one)) continue;
    value = *own(*one);
    return;
  }
}

// What one user, or one database, has of its own.
template <class Get>
std::optional<unsigned> own(const allowances& all, std::string_view name, Get get) {
  for (const auto* one : {named(all, name), named(all, "*")}) {
    if (one != nullptr && get(*one)) return get(*one);
  }
  return std::nullopt;
}

constexpr auto clients = [](const allowance& one) { return one.clients; };
constexpr auto server_connections = [](const allowance& one) { return one.server_connections; };

}  // namespace

allowed allowed_to(const config& of, std::string_view user, std::string_view database) {
  allowed result{of.pool, of.timeouts};
  if (of.limits.per_user.empty() && of.limits.per_database.empty()) return result;
  const auto all = rank(of.limits, user, database);
  const auto pool_is = [&](auto pool::*value, auto own_pool::*own) {
    settle(result.pool.*value, all, [own](const allowance& one) { return one.pool.*own; });
  };
  const auto time_is = [&](milliseconds timeouts::*value, std::optional<milliseconds> own_timeouts::*own) {
    settle(result.timeouts.*value, all, [own](const allowance& one) { return one.timeouts.*own; });
  };
  pool_is(&pool::size, &own_pool::size);
  pool_is(&pool::reserve, &own_pool::reserve);
  pool_is(&pool::reserve_after, &own_pool::reserve_after);
  pool_is(&pool::min_idle, &own_pool::min_idle);
  pool_is(&pool::queue_timeout, &own_pool::queue_timeout);
  pool_is(&pool::connect_timeout, &own_pool::connect_timeout);
  pool_is(&pool::idle_timeout, &own_pool::idle_timeout);
  pool_is(&pool::max_lifetime, &own_pool::max_lifetime);
  time_is(&timeouts::query, &own_timeouts::query);
  time_is(&timeouts::transaction, &own_timeouts::transaction);
  time_is(&timeouts::idle_in_transaction, &own_timeouts::idle_in_transaction);
  time_is(&timeouts::client_idle, &own_timeouts::client_idle);
  return result;
}

server_names names_on_servers(const config& of, const std::string& user, const std::string& database) {
  const auto found = std::ranges::find(of.databases, database, &database::name);
  if (found == of.databases.end()) return {user, database};
  return {found->forced_user.empty() ? user : found->forced_user,
          found->on_servers.empty() ? database : found->on_servers};
}

std::optional<unsigned> clients_of_user(const limits& of, std::string_view user) {
  return own(of.per_user, user, clients);
}

std::optional<unsigned> clients_of_database(const limits& of, std::string_view database) {
  return own(of.per_database, database, clients);
}

std::optional<unsigned> pool_size_of_user(const limits& of, std::string_view user) {
  return own(of.per_user, user, [](const allowance& one) { return one.pool.size; });
}

std::optional<unsigned> reserve_of_user(const limits& of, std::string_view user) {
  return own(of.per_user, user, [](const allowance& one) { return one.pool.reserve; });
}

server_limits server_limits_of(const limits& of, std::string_view user, std::string_view database) {
  server_limits result;
  if (of.server_connections != 0) result.in_all = of.server_connections;
  result.of_user = own(of.per_user, user, server_connections);
  result.of_database = own(of.per_database, database, server_connections);
  return result;
}

}  // namespace highwater::config
