#pragma once

// What a client is told where nothing serves it, or no longer does: the texts, and the SQLSTATE that PostgreSQL would
// use. No I/O, no clock.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "metrics/worker_probe.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/client/time_limits.hpp"
#include "proxy/server/place_ledger.hpp"
#include "proxy/wire/errors.hpp"
#include "routing/plan.hpp"
#include "routing/requirement.hpp"

namespace highwater::proxy {

// No node is fresh enough, and the session may not wait or take another one.
wire::error too_stale(const routing::plan& what, config::level level, const config::cluster& cluster);
// How far the best node is from what the read needs: a DETAIL.
std::string describe_distance(const routing::plan& what, config::level level, const config::cluster& cluster);
// Nothing can be used at all.
struct wanted_node {
  bool any = false;            // whichever: a login
  bool only_replicas = false;  // a read that may not use the primary
};
wire::error no_node(const wanted_node& what);
// The gate of rule 9 did not open.
wire::error gate_stayed_closed(const routing::plan& what, const routing::cluster_view& view,
                               const config::cluster& cluster, const config::pool& settings);

// A place in a pool's queue has not led to a connection in time.
struct queued_for {
  std::string_view user;
  std::string_view database;
  std::string_view node;
  bool connecting = false;  // one is being made
  // Why the server lets nobody else in; null: it does.
  const wire::error* refusal = nullptr;
  // What there may be no more of, besides the pool.
  place_ledger::bound full = place_ledger::bound::none;
};
wire::error queue_timeout(const queued_for& what, const config::pool& settings);

// Why a read that a replica has refused is tried again.
metrics::retry_cause cause_of(wire::replica_refusal how) noexcept;

// A connection was there, and not shown in time to belong to the life of the node that the decision was about.
wire::error not_proved(std::string_view node);

// A client holds a connection, and has stopped in the middle of a message.
wire::error stalled(std::chrono::milliseconds patience);

// What a client has done for longer than it may.
wire::error too_long(time_limits::excess what);

// The connection has gone in the middle of what it was for.
struct loss {
  std::string_view node;
  bool bound = false;    // ... of something that no other connection can go on with
  bool unknown = false;  // what was under way may have been committed
};
wire::error told_of(const loss& what, wire::error why);
std::string lost_connection_to(std::string_view node);
// Rule 12: it leads to a node that was the primary.
wire::error deposed(const loss& what);
// Each batch that was under way gets the error for an answer. Appends to `out`.
void answer_lost(exchange& under_way, client_state& client, const wire::error& why, std::string& out);

}  // namespace highwater::proxy
