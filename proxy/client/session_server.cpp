#include <spdlog/spdlog.h>

#include <utility>

#include "proxy/client/lease.hpp"
#include "proxy/client/own_answers.hpp"
#include "proxy/client/preparing.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using metrics::retry_cause;

// Its answers -----------------------------------------------------------------------------------------

std::size_t session::on_server_bytes(std::string_view bytes) {
  const auto alive = shared_from_this();
  if (stage_ == stage::inquiring) {
    const auto what = take_inquiry(talk_, bytes);
    if (what.size > 0) answered(what);
    return what.size;
  }
  // Nothing has been asked yet. If it is the server's end, the connection's end follows.
  if (on_the_way()) return talk_.connection().skip(bytes);
  const auto* const known = &talk_.server();
  std::size_t used = 0;
  for (;;) {
    if (may_retry(talk_)) {
      const auto first = judge_first_words(talk_, bytes.substr(used));
      if (first.what == first_words::verdict::undecided) break;
      if (first.what == first_words::verdict::refused) {
        used += leave_refusing(talk_, bytes.substr(used), first.why);
        retry(cause_of(first.why));
        return used;
      }
    }
    const auto what = take_replies(talk_, bytes.substr(used));
    used += what.read.consumed;
    follow(what);
    // What the client sent next may have been given another connection by now.
    if (!talk_.leased() || &talk_.server() != known || stage_ == stage::ended) return bytes.size();
    if (what.read.what != wire::reply_reader::outcome::stopped) break;
  }
  if (!known->owes()) talk_.under_way().held.ends_names = talk_.under_way().held.flushed = false;
  if (stage_ == stage::ready && !talk_.busy()) exchange_over();
  go_on();
  return used;
}

// Afterwards there is no lease if the server has said that it ends, or something that it should not have.
void session::follow(const received& what) {
  switch (what.what) {
    using enum received::outcome;
    case fine:
      return;
    case begin_failed:
      note_unknown_writes(talk_);
      drop_lease(talk_);
      return fatal({std::string(wire::sqlstate::connection_failure),
                    "the transaction could not be begun: " + what.why.message,
                    "The outcome of the statement behind BEGIN is unknown.", "Connect again."});
    case violation:
      return give_up_violator();
    case last_words:
      return give_up_connection(what.why);
  }
}

// One that came between the answers to what was asked for the session's sake.
void session::on_notification(std::string_view message) {
  forward_notification(talk_, message);
}

void session::on_server_drained() {
  const auto alive = shared_from_this();
  go_on();
}

void session::on_settings_applied(const wire::error* failed) {
  const auto alive = shared_from_this();
  if (stage_ != stage::restoring) return talk_.work->passage.settings_applied(failed);
  if (failed != nullptr) return fatal(*failed);
  stage_ = stage::ready;
  go_on();
}

// The end of an exchange ------------------------------------------------------------------------------

// All that was sent has been answered.
void session::exchange_over() {
  if (talk_.leased()) close_exchange(closing(talk_.under_way(), talk_.client, talk_.worker.interner).over());
}

void session::close_exchange(const closing::step& step) {
  talk_.write(step.told);
  if (step.adopted_settings) talk_.follow_application();
  switch (step.next) {
    using enum closing::move;
    case none:
      return;
    case ask:
      stage_ = stage::inquiring;
      return talk_.connection().ask_hidden(step.question);
    case release:
      return proxy::release(talk_);
    case keep:
      if (talk_.connection().apply(talk_.client.settings)) stage_ = stage::restoring;
      return;
  }
}

void session::answered(const inquired& what) {
  stage_ = stage::ready;
  close_exchange(closing(talk_.under_way(), talk_.client, talk_.worker.interner).answered(what.row));
  process();
  settle();
}

// Once more, elsewhere --------------------------------------------------------------------------------

// A lease that is not of use yet: not proved, or without what the session has.
bool session::on_the_way() const noexcept {
  if (!talk_.leased()) return false;
  return stage_ == stage::approaching || (stage_ == stage::preparing && !talk_.under_way().bound());
}

void session::retry(retry_cause cause) {
  take_back(talk_);
  begin_again(cause);
}

void session::begin_again(retry_cause cause) {
  place_anew(talk_, cause);
  stage_ = stage::ready;
  process();
  settle();
}

void session::node_died(routing::node_index node) {
  if (leave_before_sending(node) || stage_ != stage::ready) return;
  if (!talk_.leased() || talk_.server().node() != node || !may_retry(talk_)) return;
  const auto alive = shared_from_this();
  drop_lease(talk_);
  talk_.work->attempt.lost(node);
  retry(retry_cause::connection_lost);
}

// Nothing of the session's is there yet: it goes elsewhere. False if that is not so.
bool session::leave_before_sending(routing::node_index node) {
  const bool queues = stage_ == stage::approaching && !talk_.work->passage.waits_for_view();
  if (!on_the_way() && !queues) return false;
  if (talk_.work->passage.node() != node) return false;
  const auto alive = shared_from_this();
  leave();
  return true;
}

// ... because of what is known of its node now: that is none of the two times that it is tried.
void session::leave() {
  stage_ = stage::approaching;
  talk_.work->passage.turn_back();
  talk_.work->passage.again();
}

// Losses ----------------------------------------------------------------------------------------------

void session::on_server_lost(const wire::error& said) {
  const auto alive = shared_from_this();
  const auto node = talk_.server().node();
  const auto lost = at_stake(talk_, stage_ == stage::inquiring);
  const bool only_on_the_way = on_the_way();
  const bool in_message = talk_.server().in_message() && !only_on_the_way;
  const bool may_go = only_on_the_way ? !talk_.work->attempt.retried() : !in_message && !lost.bound && may_retry(talk_);
  end_lease(talk_);
  talk_.worker.node_suspect(node);
  if (only_on_the_way && stage_ == stage::approaching) return talk_.work->passage.lost();
  if (may_go) {
    talk_.work->attempt.lost(node);
    return only_on_the_way ? begin_again(retry_cause::connection_lost) : retry(retry_cause::connection_lost);
  }
  note_unknown_writes(talk_);
  if (in_message) return end();
  auto why = said;
  if (why.code == wire::sqlstate::connection_failure) why.message = lost_connection_to(lost.node) + ": " + why.message;
  if (!only_on_the_way) return tell_of_loss(lost, why);
  // The second one that was to be given its statements.
  turned_away(told_of(lost, why));
  go_on();
}

void session::give_up_connection(const wire::error& why) {
  const auto lost = at_stake(talk_, stage_ == stage::inquiring);
  note_unknown_writes(talk_);
  talk_.worker.node_suspect(talk_.server().node());
  drop_lease(talk_);
  tell_of_loss(lost, why);
}

void session::give_up_violator() {
  const auto name = talk_.node_name(talk_.server().node());
  talk_.worker.probe.protocol_errors.add();
  spdlog::error("node {} sent something that does not belong into the protocol here: connection closed", name);
  give_up_connection({std::string(wire::sqlstate::protocol_violation),
                      lost_connection_to(name) + ": it sent an invalid message", "", ""});
}

void session::tell_of_loss(const loss& what, const wire::error& said) {
  if (const auto why = proxy::tell_of_loss(talk_, what, said)) return fatal(*why);
  go_on();
}

void session::primary_moved() {
  const auto alive = shared_from_this();
  const bool bound =
      stage_ == stage::ready || stage_ == stage::inquiring || stage_ == stage::restoring || stage_ == stage::preparing;
  if (!bound || talk_.greets || !on_deposed_node(talk_)) return;
  on_the_way() ? leave() : fatal(leave_deposed_node(talk_));
}

// A cancel request that named this session ------------------------------------------------------------

void session::cancel(std::function<void()> over) {
  const auto alive = shared_from_this();
  if (stage_ == stage::vacating || stage_ == stage::approaching) {
    if (stage_ == stage::approaching) talk_.work->passage.turn_back();
    talk_.work->vacant = nullptr;
    turned_away({std::string(wire::sqlstate::query_canceled), "canceling statement due to user request", "", ""});
    process();
    settle();
    return over();
  }
  const bool runs = stage_ == stage::ready || stage_ == stage::preparing;
  if (!runs || !talk_.leased() || !talk_.server().owes()) return over();
  talk_.worker.probe.cancels.add();
  auto& exchange = talk_.under_way();
  // If it hit the BEGIN that the client takes for done, what follows would be a transaction of its own.
  if (exchange.held.begin_unanswered) {
    exchange.held.cancel_wanted = true;
    exchange.cancel_over.push_back(std::move(over));
  } else {
    talk_.connection().cancel(std::move(over));
  }
}

}  // namespace highwater::proxy
