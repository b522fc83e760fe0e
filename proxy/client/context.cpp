#include "proxy/client/context.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <stdexcept>

namespace highwater::proxy {

namespace {

constexpr std::size_t read_size = 64U << 10U;

}  // namespace

worker_context::worker_context(process_context& in, event_loop& on, std::function<void()> on_new_view)
    : shared(in),
      settings(in.settings.load()),
      loop(on),
      timers(on),
      scratch(read_size, '\0'),
      probe({in.cluster.nodes.size(), config::level_count, routing::route_reason_count, sql::pin_reason_count,
             wire::error_cause_count}),
      view_reader(in.board, std::move(on_new_view)),
      connections{loop, timers, in.names, in.server_logins, scratch, settings},
      pools{connections,
            in.cluster,
            settings,
            in.encryption,
            probe,
            in.pools,
            in.logins,
            [this](const std::string& user) { return credentials_of(user); },
            [this] { return nonce(); },
            [this](routing::node_index node) { node_suspect(node); }} {
  for (const auto& node : in.cluster.nodes) {
    const bool near = !settings->zone.empty() && node.zone == settings->zone;
    loads.push_back({0, node.weight, near, routing::never});
  }
}

worker_context::~worker_context() {
  for (auto& [key, one] : pools_) one->retire();
}

void worker_context::draw(std::span<std::uint8_t> random) {
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) throw std::runtime_error("no random numbers");
}

wire::cancel_secret worker_context::cancel_secret(std::size_t size) {
  std::array<std::uint8_t, wire::cancel_secret::longest> random;
  draw(std::span(random).first(size));
  return wire::cancel_secret({reinterpret_cast<const char*>(random.data()), size});
}

// A password is what the operator gave for this; without one the client's own proof has to do.
server_credentials worker_context::credentials_of(const std::string& user) const {
  const auto access = shared.access.load();
  const auto* known = access->users.find(user);
  if (known != nullptr && !known->password.empty()) return {known->password};
  return shared.proven.find(user);
}

std::string worker_context::nonce() {
  std::array<std::uint8_t, auth::nonce_bytes> random;
  draw(random);
  return auth::make_nonce(random);
}

session_kind_ptr worker_context::kind(const session_names& names) {
  const auto [in, fresh] = databases_.try_emplace(names.on_servers.database);
  if (fresh) in->second.name = in->first;
  if (fresh) in->second.paused = all_paused_;
  auto& known = kinds_[names];
  if (!known) known = std::make_shared<session_kind>(settings, names, in->second);
  return known;
}

// Sessions go by it from their next batch on.
void worker_context::adopt(config_ptr newer, bool policies) {
  settings = std::move(newer);
  if (policies) {
    for (auto& [key, one] : kinds_) {
      auto before = one->adopt(settings);
      if (std::ranges::find(retired_, before) == retired_.end()) retired_.push_back(std::move(before));
    }
  }
  for (auto& [key, one] : kinds_) one->allow(*settings);
  for_each_pool([](pool& one) {
    one.adopt();
    one.pump();
  });
}

void worker_context::adopt(const std::vector<config::placed_node>& nodes) {
  for (const auto& [place, node] : nodes) {
    loads[place].weight = node.weight;
    loads[place].near = !settings->zone.empty() && node.zone == settings->zone;
  }
}

void worker_context::use_catalog(database_context& of) {
  if (of.catalog == nullptr) catalog_changed(of.name, shared.catalogs.use(of.name));
}

void worker_context::keep_sequences_apart(database_context& of) {
  if (std::exchange(of.reads_sequences, true)) return;
  shared.on_each_worker([name = of.name](worker_context& there) {
    auto& known = there.databases_[name];  // it may come to be used there later
    known.name = name;
    known.reads_sequences = true;
  });
}

pool& worker_context::pool_of(session_kind& kind, routing::node_index node) {
  if (node >= kind.pools.size()) kind.pools.resize(node + std::size_t{1});
  auto& known = kind.pools[node];
  if (known == nullptr) {
    pool_key key{node, kind.names.on_servers.user, kind.names.on_servers.database};
    auto& made = pools_[key];
    if (!made) made = std::make_shared<pool>(pools, key);
    known = made;
  }
  return *known;
}

void worker_context::catalog_changed(const std::string& database, known_catalog catalog) {
  const auto found = databases_.find(database);
  if (found == databases_.end()) return;
  found->second.catalog = std::move(catalog.catalog);
  found->second.doubts = std::move(catalog.doubts);
}

// Names are the clients' to choose, and none of them is known to exist before a server has let somebody in.
void worker_context::forget_unused() {
  std::erase_if(kinds_, [](const auto& one) { return one.second.use_count() == 1; });
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(pools_, [&](const auto& one) { return one.second.use_count() == 1 && one.second->forgettable(now); });
  std::set<const database_context*> used;
  for (const auto& [names, kind] : kinds_) {
    if (kind->database.catalog == nullptr) used.insert(&kind->database);
  }
  std::erase_if(databases_, [&](const auto& one) {
    const auto& known = one.second;
    // Where a query has been answered there is a database, and what was counted stays.
    const bool kept = known.reads_sequences || known.paused || known.disabled || known.usage.queries != 0;
    return known.catalog == nullptr && !kept && !used.contains(&known);
  });
}

// They grow with the longest message that there was.
void worker_context::shrink_scratch() {
  constexpr std::size_t much = 16 * read_size;
  if (scratch.size() > much) scratch = std::string(read_size, '\0');
  if (out_scratch.capacity() > much) out_scratch = std::string();
}

void worker_context::node_suspect(routing::node_index node) {
  const auto now = std::chrono::steady_clock::now();
  loads[node].suspect = now;
  shared.monitor.need_sample(node, now + std::chrono::nanoseconds(1));
}

void worker_context::pause(const std::string& name, bool paused) {
  auto& known = databases_[name];
  known.name = name;
  known.paused = paused;
  if (paused || known.held.empty()) return;
  yet_to_look.splice(yet_to_look.end(), known.held);
  look_soon();
}

void worker_context::pause_all(bool paused) {
  all_paused_ = paused;
  std::vector<std::string> names;
  for (const auto& [name, one] : databases_) names.push_back(name);
  for (const auto& name : names) pause(name, paused);
}

void worker_context::disable(const std::string& name, bool disabled) {
  auto& known = databases_[name];
  known.name = name;
  known.disabled = disabled;
}

void worker_context::vacate(const std::string& database, const std::shared_ptr<void>& latch) {
  const auto any = [](const server_connection&) { return true; };
  for (auto& [key, one] : pools_) {
    if (key.database == database) one->close_idle(any, [latch] {});
  }
}

}  // namespace highwater::proxy
