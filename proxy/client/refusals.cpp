#include "proxy/client/refusals.hpp"

#include <utility>

namespace highwater::proxy {

namespace {

using std::string;
using wire::error_cause;

// Not the pool, but those with whom it shares what there is.
void say_who_has_all(wire::error& why, const queued_for& what) {
  using enum place_ledger::bound;
  const auto whose = what.full == of_user       ? "user \"" + string(what.user) + "\""
                     : what.full == of_database ? "database \"" + string(what.database) + "\""
                                                : string("all users and databases");
  const string option = what.full == of_user       ? "limits.per_user"
                        : what.full == of_database ? "limits.per_database"
                                                   : "limits";
  why.detail = "All connections that " + whose + " may have to node " + string(what.node) + " are in use.";
  why.hint = "Raise server_connections in " + option + ", or look for long transactions and pinned sessions.";
}

string milliseconds(std::chrono::milliseconds how_many) {
  return std::to_string(how_many.count()) + " ms";
}

}  // namespace

wire::error too_stale(const routing::plan& what, config::level level, const config::cluster& cluster) {
  return because(error_cause::unavailable,
                 {string(wire::sqlstate::serialization_failure), "no node is fresh enough for this read",
                  describe_distance(what, level, cluster), "Try again, or let on_stale end in primary."});
}

string describe_distance(const routing::plan& what, config::level level, const config::cluster& cluster) {
  string detail = "Level " + string(config::to_string(level));
  if (what.floor != 0) detail += " needs position " + routing::to_string(what.floor);
  if (what.best == routing::no_node) return detail + "; no replica can be used.";
  detail += "; the best node, " + cluster.nodes[what.best].name + ", is at " + routing::to_string(what.node_at);
  if (what.floor > what.node_at) detail += ", " + std::to_string(what.floor - what.node_at) + " bytes behind";
  return detail + ".";
}

wire::error no_node(const wanted_node& what) {
  wire::error why{string(wire::sqlstate::cannot_connect_now), "no primary is known", "",
                  "Highwater goes on looking for one; /readyz and its log tell what each node answers."};
  why.cause = error_cause::unavailable;
  if (what.any) {
    why.message = "no node of the cluster can be used";
  } else if (what.only_replicas) {
    why.message = "no replica can be used, and on_stale does not let this read go to the primary";
    why.hint = "Let on_stale name primary for reads that must not fail with the replicas.";
  }
  return why;
}

wire::error gate_stayed_closed(const routing::plan& what, const routing::cluster_view& view,
                               const config::cluster& cluster, const config::pool& settings) {
  const auto& nodes = cluster.nodes;
  const bool of_one = what.proof_of == routing::shown_by::one_node && what.best != routing::no_node;
  const auto waits_for = of_one ? view.nodes[what.best].unshown : view.unshown;
  const auto primary = view.has_primary() ? "node " + nodes[view.primary].name : std::string("the primary");
  wire::error why{std::string(wire::sqlstate::serialization_failure),
                  "the primary did not show within " + std::to_string(settings.queue_timeout.count()) +
                      " ms what this session has read from a replica",
                  "", ""};
  why.cause = error_cause::timeout;
  why.detail = (of_one ? "Node " + nodes[what.best].name : std::string("A replica")) + " may have shown commits that " +
               primary + " does not show yet";
  why.detail += waits_for == 0 ? "." : "; transaction " + std::to_string(waits_for & 0xFFFFFFFFU) + " is among them.";
  why.hint =
      "Nothing was run: try again. Commits that hang are usually waiting for a synchronous standby: see "
      "pg_stat_activity "
      "on " +
      primary + " for wait_event SyncRep, and its synchronous_standby_names.";
  return why;
}

wire::error queue_timeout(const queued_for& what, const config::pool& settings) {
  const auto limit = milliseconds(settings.queue_timeout);
  const auto whose = "user \"" + string(what.user) + "\" to database \"" + string(what.database) + "\"";
  const auto node = string(what.node);
  wire::error why{
      string(wire::sqlstate::too_many_connections), "no server connection became free within " + limit,
      "All " + std::to_string(settings.size) + " connections of " + whose + " on node " + node + " are in use.",
      "Raise pool.size, or look for long transactions and pinned sessions (highwater_pinned_sessions)."};
  // One may be tried again at this moment, after the server has said that there is no room: then that is the reason.
  if (what.connecting && what.refusal == nullptr) {
    why = {string(wire::sqlstate::cannot_connect_now), "no connection to node " + node + " was there within " + limit,
           "One of " + whose + " is being made.",
           "Try again; /readyz and Highwater's log tell what each node answers."};
  }
  if (what.full != place_ledger::bound::none) say_who_has_all(why, what);
  why.cause = error_cause::timeout;
  if (what.refusal != nullptr) {
    why.detail = "Node " + node + " accepts no more connections of " + whose + ": " + what.refusal->message + ".";
    why.cause = what.refusal->cause;
    why.hint = "Compare pool.size with the connection limits of the server, the role and the database.";
  }
  return why;
}

metrics::retry_cause cause_of(wire::replica_refusal how) noexcept {
  switch (how) {
    case wire::replica_refusal::read_only:
      return metrics::retry_cause::read_only;
    case wire::replica_refusal::recovery_conflict:
      return metrics::retry_cause::recovery_conflict;
    case wire::replica_refusal::behind_ddl:
      return metrics::retry_cause::behind_ddl;
    default:
      return metrics::retry_cause::connection_lost;
  }
}

wire::error stalled(std::chrono::milliseconds patience) {
  return because(wire::error_cause::timeout,
                 {std::string(wire::sqlstate::idle_session_timeout),
                  "terminating connection because the client has stopped in the middle of a message",
                  "It holds a server connection, and has sent nothing for " + std::to_string(patience.count()) + " ms.",
                  "Send the rest at once, or raise timeouts.stall."});
}

wire::error too_long(time_limits::excess what) {
  using enum time_limits::excess;
  std::string_view code = wire::sqlstate::idle_session_timeout, why = "idle-session", option = "client_idle";
  if (what == transaction) code = wire::sqlstate::transaction_timeout, why = option = "transaction";
  if (what == idle_in_transaction) {
    code = wire::sqlstate::idle_in_transaction_timeout;
    why = "idle-in-transaction";
    option = "idle_in_transaction";
  }
  return because(error_cause::timeout, {string(code), "terminating connection due to " + string(why) + " timeout", "",
                                        "See timeouts." + string(option) + " of Highwater's configuration."});
}

wire::error not_proved(std::string_view node) {
  return because(error_cause::timeout, {string(wire::sqlstate::cannot_connect_now),
                                        "node " + string(node) + " did not prove its state in time", "",
                                        "Its monitoring connection does not answer; the log tells more."});
}

string lost_connection_to(std::string_view node) {
  return "lost the connection to node " + string(node);
}

// What the server has said of it stays as it is.
wire::error told_of(const loss& what, wire::error why) {
  if (!why.detail.empty()) return why;
  why.detail = what.unknown ? "What was under way may have been committed: its outcome is unknown."
               : what.bound ? "Nothing of an unfinished transaction has been committed."
                            : "";
  const bool our_words =
      why.code == wire::sqlstate::connection_failure || why.code == wire::sqlstate::protocol_violation;
  if (our_words) return why;
  why.detail = "Said by node " + string(what.node) + "." + (why.detail.empty() ? "" : " " + why.detail);
  return why;
}

wire::error deposed(const loss& what) {
  return because(error_cause::unavailable,
                 {string(what.unknown ? wire::sqlstate::connection_failure : wire::sqlstate::admin_shutdown),
                  "node " + string(what.node) + ", to which this session was bound, is not the primary any more",
                  what.unknown ? "What was under way may have been committed there: its outcome is unknown."
                               : "Nothing of an unfinished transaction has been committed.",
                  "Connect again."});
}

void answer_lost(exchange& under_way, client_state& client, const wire::error& why, string& out) {
  for (const auto& one : under_way.flights) {
    under_way.schema_changed |= one.schema;
    wire::write_error(out, wire::severity::error, why);
    if (one.hidden_sync || one.no_ready) {
      client.skip_to_sync = true;
    } else {
      wire::write_ready_for_query(out, wire::transaction_status::idle);
    }
  }
  under_way.flights.clear();
  under_way.changes.clear();
  if (client.prepared) client.prepared->revoke_all();
}

}  // namespace highwater::proxy
