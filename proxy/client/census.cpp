#include "proxy/client/census.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/client/context.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  if (to.empty()) {
    to = std::move(more);
  } else {
    std::ranges::move(more, std::back_inserter(to));
  }
}

console::server_state state_of(const server_connection& one) noexcept {
  if (one.connecting()) return console::server_state::logging_in;
  if (one.leased()) return console::server_state::active;
  if (one.is_cleaned())
    return one.is_cancelled() ? console::server_state::being_canceled : console::server_state::tested;
  return console::server_state::idle;
}

std::string tls_of(const stream& link) {
  const auto* const tls = link.tls();
  return tls == nullptr ? "" : std::string(tls->version()) + "/" + std::string(tls->cipher());
}

void tell_more(console::server_facts& known, const server_connection& one, const moment& at) {
  const auto& session = one.session();
  known.application = find(*session.settings(), "application_name").value_or("");
  known.remote = {one.endpoint().address().to_string(), one.endpoint().port()};
  const auto [host, port] = one.link().local();
  known.local = {host, port};
  known.connected_at = at.of(session.begun());
  known.requested_at = at.of(one.idle_since() == routing::instant{} ? session.established() : one.idle_since());
  known.prepared_statements = session.statements().count();
  known.tls = tls_of(one.link());
  known.remote_pid = session.key().process;
}

console::server_facts facts_of(const pool& from, const server_connection& one, const config::cluster& cluster,
                               const moment& at) {
  console::server_facts known;
  known.id = one.id();
  known.user = from.key().user;
  known.database = from.key().database;
  known.node = cluster.nodes[from.key().node].name;
  known.state = state_of(one);
  if (at.in_full) tell_more(known, one, at);
  return known;
}

void count_routes(census& into, worker_context& worker) {
  const auto& nodes = worker.shared.cluster.nodes;
  const auto& there = worker.view().nodes;
  const auto note = [&](std::size_t node, std::optional<config::level> level, std::string_view reason,
                        std::int64_t count) {
    if (count > 0) into.routes[{nodes[node].name, level, std::string(reason)}] += static_cast<std::uint64_t>(count);
  };
  for (std::size_t node = 0; node < there.size(); ++node) {
    if (there[node].retired) continue;
    note(node, std::nullopt, to_string(routing::route_reason::write), worker.probe.writes(node));
    for (std::size_t level = 0; level < config::level_count; ++level) {
      for (std::size_t reason = 0; reason < routing::route_reason_count; ++reason) {
        note(node, static_cast<config::level>(level), to_string(static_cast<routing::route_reason>(reason)),
             worker.probe.reads(node, level, reason));
      }
    }
  }
}

// The session holds its connection, and knows no more of it than that.
void take_servers(census& into, worker_context& worker, const moment& at) {
  std::map<std::uint64_t, const console::client_facts*> holders;
  for (const auto& one : into.clients) {
    if (one.link != 0) holders.emplace(one.link, &one);
  }
  worker.for_each_pool([&](pool& from) {
    from.for_each_connection([&](const server_connection& one, bool outdated) {
      auto known = facts_of(from, one, worker.shared.cluster, at);
      known.close_needed = outdated || worker.view().nodes[from.key().node].retired;
      if (const auto holder = holders.find(one.id()); holder != holders.end()) {
        known.link = holder->second->id;
        known.requested_at = holder->second->requested_at;
      }
      into.count(known);
      into.servers.push_back(std::move(known));
    });
  });
}

console::pool_facts& pool_of(census& all, const console::connection_facts& one) {
  auto& known = all.pools[{one.database, one.user, one.node}];
  known.database = one.database;
  known.user = one.user;
  known.node = one.node;
  return known;
}

}  // namespace

console::stat_counters& operator+=(console::stat_counters& sum, const console::stat_counters& more) noexcept {
  using console::stat_counters;
  constexpr std::uint64_t stat_counters::*counts[] = {
      &stat_counters::server_assignments, &stat_counters::transactions, &stat_counters::queries,
      &stat_counters::received_bytes,     &stat_counters::sent_bytes,   &stat_counters::client_parses,
      &stat_counters::server_parses,      &stat_counters::binds};
  for (const auto each : counts) sum.*each += more.*each;
  sum.transaction_time += more.transaction_time;
  sum.query_time += more.query_time;
  sum.wait_time += more.wait_time;
  return sum;
}

void census::count(const console::client_facts& one) {
  auto& in = pool_of(*this, one);
  const bool waits = one.state == console::client_state::waiting;
  ++(waits ? in.clients_waiting : in.clients_active);
  in.longest_wait = std::max(in.longest_wait, one.waited);
}

void census::count(const console::server_facts& one) {
  using enum console::server_state;
  auto& in = pool_of(*this, one);
  if (one.state == active) ++in.servers_active;
  if (one.state == idle) ++in.servers_idle;
  if (one.state == tested) ++in.servers_tested;
  if (one.state == being_canceled) ++in.servers_being_canceled;
  if (one.state == logging_in) ++in.servers_logging_in;
}

void census::add(census part) {
  append(clients, std::move(part.clients));
  append(servers, std::move(part.servers));
  append(pins, std::move(part.pins));
  for (const auto& [database, counted] : part.usage) usage[database] += counted;
  for (const auto& [which, counted] : part.routes) routes[which] += counted;
  logging_in += part.logging_in;
  // Each is counted where it is.
  for (auto& [name, one] : part.pools) {
    const auto [found, fresh] = pools.try_emplace(name, one);
    if (fresh) continue;
    auto& sum = found->second;
    sum.clients_active += one.clients_active;
    sum.clients_waiting += one.clients_waiting;
    sum.servers_active += one.servers_active;
    sum.servers_idle += one.servers_idle;
    sum.servers_tested += one.servers_tested;
    sum.servers_being_canceled += one.servers_being_canceled;
    sum.servers_logging_in += one.servers_logging_in;
    sum.longest_wait = std::max(sum.longest_wait, one.longest_wait);
  }
}

census take_census(worker_context& worker, const moment& at) {
  census taken;
  worker.for_each_session([&](session& one) {
    if (one.logs_in()) {
      ++taken.logging_in;
      return;
    }
    auto known = one.facts(at);
    taken.count(known);
    taken.clients.push_back(std::move(known));
    if (auto pinned = one.pin(at)) taken.pins.push_back(std::move(*pinned));
  });
  take_servers(taken, worker, at);
  count_routes(taken, worker);
  worker.for_each_database([&](const database_context& one) { taken.usage[one.name] += one.usage; });
  return taken;
}

}  // namespace highwater::proxy
