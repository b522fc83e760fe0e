#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

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

}  // namespace

// A replica will not run it. The rest of the answer is the connection's own affair.
std::size_t session::refused(std::string_view bytes, wire::replica_refusal how) {
  auto& connection = under_way().connection();
  work_->attempt.refused_by(connection.node(), how, under_way().flights.size() == 1);
  if (how == wire::replica_refusal::shutdown) {
    worker_.node_suspect(connection.node());
    drop_lease();
    retry(cause_of(how));
    return bytes.size();
  }
  const auto used = connection.skip(bytes);
  release();
  retry(cause_of(how));
  return used;
}

// Rule 15: nothing has been forwarded, so the reads may run once more, elsewhere. The input still holds them.
void session::retry(metrics::retry_cause cause) {
  auto& now = *work_;
  worker_.probe.retried(cause);
  if (client_.prepared) client_.prepared->revoke_all();
  now.begin = under_way().flights.front().begin;
  under_way().flights.clear();
  now.scanner.next();
  now.attempt.try_again();
  stage_ = stage::ready;
  process();
  settle();
}

void session::node_died(routing::node_index node) {
  if (leave_before_sending(node) || stage_ != stage::ready || !leased() || server().node() != node) return;
  if (under_way().flights.empty() || !under_way().flights.front().retryable) return;
  const auto alive = shared_from_this();
  drop_lease();
  work_->attempt.lost(node);
  retry(metrics::retry_cause::connection_lost);
}

// Nothing of the session's is there yet: it goes elsewhere. False if that is not so.
bool session::leave_before_sending(routing::node_index node) {
  const bool queued = !leased() && work_ && work_->attempt.serves_on(node) && stage_ == stage::awaiting_lease;
  const bool on_its_way = leased() && server().node() == node && on_the_way();
  if (!queued && !on_its_way) return false;
  const auto alive = shared_from_this();
  leave_node();
  replan_and_go_on();
  return true;
}

// A lease that is not of use yet: not proved, or without the session's settings.
bool session::on_the_way() const noexcept {
  return !under_way().held.pins.any() && (stage_ == stage::awaiting_proof || stage_ == stage::awaiting_settings);
}

void session::leave_node() {
  if (!leased()) {
    worker_.pool_of(*kind_, work_->attempt.plan().node).cancel(*this);
    worker_.timers.cancel(work_->deadline);
    return;
  }
  stop_waiting(false);
  drop_lease();
}

void session::on_server_lost(const wire::error& said) {
  auto why = said;
  const auto alive = shared_from_this();
  const auto node = server().node();
  auto& now = *work_;
  const bool only_on_the_way = on_the_way();
  const bool was_bound = under_way().bound() || stage_ == stage::inquiring;
  const bool in_message = server().in_message();
  const bool unknown = under_way().outcome_unknown();
  end_lease();
  worker_.node_suspect(node);
  if (only_on_the_way) {
    stop_waiting(false);
    return replan_and_go_on();
  }
  note_unknown_writes();
  if (in_message) return end();
  if (!was_bound && !under_way().flights.empty() && under_way().flights.front().retryable) {
    now.attempt.lost(node);
    return retry(metrics::retry_cause::connection_lost);
  }
  if (why.code == wire::sqlstate::connection_failure) why.message = lost_connection_to(node) + ": " + why.message;
  tell_of_loss(node, why, was_bound, unknown);
}

std::string session::lost_connection_to(routing::node_index node) const {
  return "lost the connection to node " + worker_.shared.settings.cluster.nodes[node].name;
}

void session::give_up_connection(const wire::error& why) {
  const auto node = server().node();
  const bool was_bound = under_way().bound();
  const auto unknown = under_way().outcome_unknown();
  note_unknown_writes();
  worker_.node_suspect(node);
  drop_lease();
  tell_of_loss(node, why, was_bound, unknown);
}

// The lease has ended in the middle of what it was for. What the server has said of it stays as it is.
void session::tell_of_loss(routing::node_index node, wire::error why, bool was_bound, bool unknown) {
  if (why.detail.empty()) {
    why.detail = unknown     ? "What was under way may have been committed: its outcome is unknown."
                 : was_bound ? "Nothing of an unfinished transaction has been committed."
                             : "";
    if (why.code != wire::sqlstate::connection_failure && why.code != wire::sqlstate::protocol_violation) {
      why.detail = "Said by node " + worker_.shared.settings.cluster.nodes[node].name + "." +
                   (why.detail.empty() ? "" : " " + why.detail);
    }
  }
  if (was_bound) return fatal(why);
  lost_flights(why);
  go_on();
}

// Each batch that was under way gets the error for an answer.
void session::lost_flights(const wire::error& why) {
  std::string out;
  for (const auto& one : under_way().flights) {
    under_way().schema_changed |= one.schema;
    wire::write_error(out, wire::severity::error, why);
    if (one.hidden_sync || one.no_ready) {
      client_.skip_to_sync = true;
    } else {
      wire::write_ready_for_query(out, wire::transaction_status::idle);
    }
  }
  tell_of_schema_change();
  under_way().flights.clear();
  under_way().changes.clear();
  if (client_.prepared) client_.prepared->revoke_all();
  write_client(out);
}

// Rule 7: what was under way may have been committed. True if any of it writes.
bool session::note_unknown_writes() {
  const auto& flights = under_way().flights;
  const bool writes = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; }) ||
                      under_way().streaming;
  if (!writes) return false;
  const auto moment = std::chrono::steady_clock::now();
  tell_of_ddl();
  client_.floors.written.raise(moment);
  worker_.shared.domain.told_of_write(moment);
  return true;
}

// Rule 12: a transaction or a pinned session stays where it is, but writes nothing to a primary that is none any more.
bool session::on_deposed_node() const {
  if (!leased() || under_way().held.on_replica) return false;
  const auto& view = worker_.view();
  return view.has_primary() && view.primary != server().node() && !view.nodes[server().node()].usable;
}

// It may be hanging, and not even a cancel would reach it.
void session::end_on_deposed_node() {
  const auto& name = worker_.shared.settings.cluster.nodes[server().node()].name;
  const bool unknown = note_unknown_writes();
  drop_lease();
  fatal({std::string(unknown ? wire::sqlstate::connection_failure : wire::sqlstate::admin_shutdown),
         "node " + name + ", to which this session was bound, is not the primary any more",
         unknown ? "What was under way may have been committed there: its outcome is unknown."
                 : "Nothing of an unfinished transaction has been committed.",
         "Connect again."});
}

void session::primary_moved() {
  const auto alive = shared_from_this();
  const bool bound = stage_ == stage::ready || stage_ == stage::inquiring || stage_ == stage::awaiting_settings ||
                     stage_ == stage::preparing;
  if (bound && !greets_ && on_deposed_node()) end_on_deposed_node();
}

}  // namespace highwater::proxy
