#include "proxy/client/conversation.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

activity::activity(conversation& whose, passage::traveller& who)
    : owner(whose.worker),
      inbox(&owner.memory),
      passage(whose, who, attempt),
      exchange(owner.probe),
      stall(owner.timers) {}

void activity_end::operator()(activity* which) const noexcept {
  std::pmr::polymorphic_allocator<activity>(&which->owner.memory).delete_object(which);
}

std::string_view conversation::node_name(routing::node_index node) const noexcept {
  return worker.shared.cluster.nodes[node].name;
}

bool conversation::keeps_one_server() const noexcept {
  return worker.settings->pool.mode == config::pool_mode::session;
}

wire::transaction_status conversation::status() const noexcept {
  if (const auto own = client.transaction.status()) return *own;
  return leased() ? server().status() : wire::transaction_status::idle;
}

bool conversation::skips_to_sync() const noexcept {
  return client.skip_to_sync || (leased() && server().skips());
}

void conversation::write(std::string_view bytes) {
  kind->database.usage.sent_bytes += bytes.size();
  socket.write(bytes);
  // A slow client holds up its own server connection, and nobody else.
  if (socket.pending() > 0 && leased()) connection().pause(true);
}

void conversation::notify(wire::severity how, const wire::error& what) {
  std::string out;
  wire::write_notice(out, how, what);
  write(out);
}

void conversation::adopt_settings(settings_ptr now) {
  client.adopt(std::move(now), worker.interner);
  follow_application();
}

void conversation::follow_application() {
  const auto application = find(*client.settings, "application_name").value_or("");
  if (application == kind->names.application) return;
  auto names = kind->names;
  names.application = application;
  kind = worker.kind(names);
}

standing conversation::stands() const {
  standing where;
  where.prepared_bytes = client.prepared ? client.prepared->bytes() : 0;
  where.most_prepared_bytes = worker.settings->limits.max_prepared_bytes;
  if (!leased()) return where;
  const auto& exchange = under_way();
  where.leased = true;
  where.on_replica = exchange.held.on_replica;
  where.in_read_only = exchange.held.in_read_only;
  where.bound = exchange.bound();
  where.stale = work->attempt.plan().reason == routing::route_reason::stale;
  where.busy = busy();
  where.owed = server().owes();
  where.open = server().is_open();
  where.copying = exchange.held.copy_in;
  where.decides_names = exchange.held.ends_names;
  where.settings_pending = exchange.changes.pending();
  where.ends = std::ranges::any_of(exchange.flights, &flight::ends);
  where.only_reads = std::ranges::all_of(exchange.flights, &flight::reads);
  where.hidden_sync = !exchange.flights.empty() && exchange.flights.back().hidden_sync;
  where.looked_at = work->attempt.need();
  return where;
}

placing conversation::placed() const {
  return {work->facts, client, {kind->policies(), worker.settings->consistency.default_level, keeps_one_server()}};
}

bool conversation::has_bound() const noexcept {
  const auto& consistency = worker.settings->consistency;
  return consistency.max_staleness.count() != 0 || consistency.max_lag_bytes != 0;
}

bool conversation::reads_texts() const {
  if (leased() && under_way().held.unreadable) return false;
  return client.says.texts_are_plain && client.told.plain();
}

}  // namespace highwater::proxy
