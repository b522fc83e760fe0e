#include "proxy/process/console_facts.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "config/allowed.hpp"
#include "routing/position.hpp"

namespace highwater::proxy {

namespace {

using console::microseconds;

microseconds micros(routing::duration value) {
  return std::chrono::duration_cast<microseconds>(value);
}

console::node_role role_of(routing::node_role role) noexcept {
  switch (role) {
    case routing::node_role::primary:
      return console::node_role::primary;
    case routing::node_role::replica:
      return console::node_role::replica;
    case routing::node_role::unknown:
      break;
  }
  return console::node_role::unknown;
}

std::string why_unusable(const routing::cluster_view& view, routing::node_index node) {
  const auto& one = view.nodes[node];
  if (one.usable) return "";
  if (one.sampled == routing::never) return "it has not answered yet";
  if (view.has_deposed(node) && one.role == routing::node_role::primary) return "another node is the primary";
  return one.role == routing::node_role::unknown ? "its role is not proved" : "it does not answer in time";
}

void tell_lag(console::node_facts& into, const routing::cluster_view& view, const routing::node_view& one,
              routing::instant now) {
  if (one.role != routing::node_role::replica) return;
  into.catch_up = micros(one.catches_up_in);
  if (one.current_as_of != routing::never) into.lag = micros(now - one.current_as_of);
  if (!view.has_primary()) return;
  const auto primary_at = view.nodes[view.primary].replayed.at;
  into.lag_bytes = primary_at > one.replayed.at ? primary_at - one.replayed.at : 0;
}

std::vector<console::node_facts> nodes_of(const census& all, const known_things& known) {
  std::map<std::string, std::uint64_t> connections;
  for (const auto& one : all.servers) ++connections[one.node];
  std::vector<console::node_facts> nodes;
  for (routing::node_index i = 0; i < known.view.nodes.size(); ++i) {
    const auto& one = known.view.nodes[i];
    const auto& configured = known.places[i];
    // A moment before everybody has heard of it, the settings may have other nodes.
    const auto in_file = std::ranges::find(known.settings.cluster.nodes, configured.name, &config::node::name);
    if (one.retired || in_file == known.settings.cluster.nodes.end()) continue;
    auto& made = nodes.emplace_back();
    made.name = configured.name;
    made.host = configured.host;
    made.port = configured.port;
    made.zone = in_file->zone;
    made.weight = in_file->weight;
    made.role = role_of(one.role);
    made.timeline = one.replayed.timeline;
    made.incarnation = one.incarnation;
    if (one.replayed.at != 0) made.position = routing::to_string(one.replayed.at);
    tell_lag(made, known.view, one, known.now);
    made.usable = one.usable;
    made.unusable_reason = why_unusable(known.view, i);
    made.drained = known.said.drained.contains(configured.name);
    made.connections = connections[configured.name];
  }
  return nodes;
}

std::vector<console::pool_facts> pools_of(const census& all, const config::pool& settings) {
  std::vector<console::pool_facts> pools;
  for (const auto& [name, one] : all.pools) {
    auto& made = pools.emplace_back(one);
    made.mode = settings.mode;
    made.size = settings.size;
  }
  return pools;
}

std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counted_by(
    const census& all, std::string console::connection_facts::*what) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> counts;  // of clients, of server connections
  for (const auto& one : all.clients) ++counts[one.*what].first;
  for (const auto& one : all.servers) ++counts[one.*what].second;
  return counts;
}

std::vector<console::database_facts> databases_of(const census& all, const known_things& known) {
  auto counts = counted_by(all, &console::connection_facts::database);
  for (const auto& [name, counted] : all.usage) counts.try_emplace(name);
  for (const auto& each : known.settings.databases) counts.try_emplace(each.name);
  for (const auto& name : known.said.paused) counts.try_emplace(name);
  for (const auto& name : known.said.disabled) counts.try_emplace(name);
  const auto& limits = known.settings.limits;
  std::vector<console::database_facts> databases;
  for (const auto& [name, count] : counts) {
    auto& made = databases.emplace_back();
    made.name = name;
    made.database = config::names_on_servers(known.settings, "", name).database;
    made.force_user = config::names_on_servers(known.settings, "", name).user;
    if (known.view.has_primary()) {
      const auto& primary = known.places[known.view.primary];
      made.host = primary.host;
      made.port = primary.port;
    }
    const auto pool = config::allowed_to(known.settings, "", made.database).pool;
    made.pool_size = pool.size;
    made.min_pool_size = pool.min_idle;
    made.reserve_pool_size = pool.reserve;
    made.max_connections = config::server_limits_of(limits, "", made.database).of_database.value_or(0);
    made.max_client_connections = config::clients_of_database(limits, name).value_or(0);
    made.server_lifetime = std::chrono::duration_cast<std::chrono::seconds>(pool.max_lifetime);
    made.current_client_connections = count.first;
    made.current_connections = count.second;
    made.paused = known.said.all_paused || known.said.paused.contains(made.database);
    made.disabled = known.said.disabled.contains(made.database);
  }
  return databases;
}

std::vector<console::user_facts> users_of(const census& all, const known_things& known) {
  auto counts = counted_by(all, &console::connection_facts::user);
  for (const auto& one : known.settings.auth.users) counts.try_emplace(one.name);
  std::vector<console::user_facts> users;
  for (const auto& [name, count] : counts) {
    auto& made = users.emplace_back();
    made.name = name;
    made.pool_size = config::pool_size_of_user(known.settings.limits, name);
    made.reserve_pool_size = config::reserve_of_user(known.settings.limits, name);
    made.max_connections = config::server_limits_of(known.settings.limits, name, "").of_user.value_or(0);
    made.max_client_connections = config::clients_of_user(known.settings.limits, name).value_or(0);
    made.current_client_connections = count.first;
    made.current_connections = count.second;
  }
  return users;
}

console::list_facts lists_of(const census& all, const console::facts& others) {
  console::list_facts lists;
  lists.databases = others.databases.size();
  lists.users = others.users.size();
  std::set<std::pair<std::string, std::string>> pools;
  for (const auto& one : others.pools) pools.emplace(one.database, one.user);
  lists.pools = pools.size();
  lists.used_clients = all.clients.size();
  lists.login_clients = all.logging_in;
  lists.used_servers = all.servers.size();
  lists.nodes = others.nodes.size();
  lists.pinned_clients = all.pins.size();
  return lists;
}

}  // namespace

console::facts facts_of(census all, const known_things& known) {
  console::facts made;
  made.nodes = nodes_of(all, known);
  made.pools = pools_of(all, known.settings.pool);
  made.databases = databases_of(all, known);
  made.users = users_of(all, known);
  for (const auto& [name, total] : all.usage) made.stats.push_back({name, total, known.period.average(name)});
  for (const auto& each : known.settings.policies) made.policies.push_back({each, std::nullopt});
  for (const auto& [which, count] : all.routes) made.routes.push_back({which.node, which.level, which.reason, count});
  made.lists = lists_of(all, made);
  std::ranges::sort(all.clients, {}, &console::client_facts::id);
  std::ranges::sort(all.servers, {}, &console::server_facts::id);
  std::ranges::sort(all.pins, {}, &console::pin_facts::client);
  made.clients = std::move(all.clients);
  made.servers = std::move(all.servers);
  made.pins = std::move(all.pins);
  return made;
}

}  // namespace highwater::proxy
