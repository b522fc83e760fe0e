#include <algorithm>
#include <utility>

#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

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
  if (client_.prepared) client_.prepared->revoke_all();
  now.begin = under_way().flights.front().begin;
  under_way().flights.clear();
  now.scanner.next();
  begin_again(cause);
}

// The batch at the beginning of the input is placed anew, for the second time and the last.
void session::begin_again(metrics::retry_cause cause) {
  worker_.probe.retried(cause);
  work_->attempt.try_again();
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
  if (!on_the_way() && (stage_ != stage::approaching || waits_for_view())) return false;
  if ((leased() ? server().node() : work_->attempt.plan().node) != node) return false;
  const auto alive = shared_from_this();
  turn_back();
  follow_and_go_on(work_->approach.begin(circumstances()));
  return true;
}

// What is lost with the connection, if it is lost now.
loss session::at_stake() const {
  return {node_name(server().node()), under_way().bound() || stage_ == stage::inquiring, under_way().outcome_unknown()};
}

void session::on_server_lost(const wire::error& said) {
  const auto alive = shared_from_this();
  const auto node = server().node();
  const auto lost = at_stake();
  const bool only_on_the_way = on_the_way();
  const bool in_message = server().in_message();
  end_lease();
  worker_.node_suspect(node);
  if (only_on_the_way) {
    stop_waiting(false);
    return follow_and_go_on(work_->approach.begin(circumstances()));
  }
  note_unknown_writes();
  if (in_message) return end();
  if (!lost.bound && !under_way().flights.empty() && under_way().flights.front().retryable) {
    work_->attempt.lost(node);
    return retry(metrics::retry_cause::connection_lost);
  }
  auto why = said;
  if (why.code == wire::sqlstate::connection_failure) why.message = lost_connection_to(lost.node) + ": " + why.message;
  tell_of_loss(lost, why);
}

void session::give_up_connection(const wire::error& why) {
  const auto lost = at_stake();
  note_unknown_writes();
  worker_.node_suspect(server().node());
  drop_lease();
  tell_of_loss(lost, why);
}

// The lease has ended in the middle of what it was for.
void session::tell_of_loss(const loss& what, const wire::error& said) {
  const auto why = told_of(what, said);
  if (what.bound) return fatal(why);
  std::string out;
  answer_lost(under_way(), client_, why, out);
  if (under_way().schema_change_over()) schema_has_changed();
  write_client(out);
  go_on();
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
  return worker_.view().has_deposed(server().node());
}

// It may be hanging, and not even a cancel would reach it.
void session::end_on_deposed_node() {
  const auto name = node_name(server().node());
  const bool unknown = note_unknown_writes();
  drop_lease();
  fatal(deposed({name, true, unknown}));
}

void session::primary_moved() {
  const auto alive = shared_from_this();
  const bool bound =
      stage_ == stage::ready || stage_ == stage::inquiring || stage_ == stage::restoring || stage_ == stage::preparing;
  if (bound && !greets_ && on_deposed_node()) end_on_deposed_node();
}

}  // namespace highwater::proxy
