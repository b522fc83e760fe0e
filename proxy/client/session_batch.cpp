#include <utility>

#include "proxy/client/examining.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/own_answers.hpp"
#include "proxy/client/preparing.hpp"
#include "proxy/client/requests.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

// A batch is there as a whole, or is too long to wait for. True if it has been dealt with.
bool session::begin_batch(bool too_long) {
  auto& now = *talk_.work;
  const auto& batch = now.inbox.batch();
  talk_.worker.timers.cancel(now.rest);
  now.attempt.begin(std::chrono::steady_clock::now(), talk_.kind->allowed().pool.queue_timeout);
  talk_.client.requested = now.attempt.arrived();
  if (on_deposed_node(talk_)) {
    fatal(leave_deposed_node(talk_));
    return false;
  }
  if (talk_.leased() && talk_.server().may_owe_ready() && batch.end() != wire::batch_end::terminate) {
    ask_for_answers(talk_);
    return false;
  }
  const bool skips = talk_.skips_to_sync();
  if (too_long && skips) {
    skip_too_long(talk_);
    return true;
  }
  if (too_long) {
    if (!begin_stream(talk_)) return false;
    if (!talk_.leased()) start_plan();
    return stage_ == stage::ready;
  }
  if (batch.end() == wire::batch_end::terminate) {
    end();
    return false;
  }
  if (batch.end() == wire::batch_end::copy) return drop_late_copy();
  // A cancellation for taking too long would hit what has been sent behind it.
  if (talk_.kind->allowed().timeouts.query.count() != 0 && talk_.leased() && talk_.server().owes()) {
    ask_for_answers(talk_);
    return false;
  }
  if (skips) {
    skip_batch(talk_);
    return true;
  }
  if (const auto malformed = look_at_batch(talk_)) {
    protocol_error("malformed message of type '" + std::string(1, *malformed) + "'");
    return false;
  }
  return act_on_batch();
}

// Perhaps it belongs to a copy that a statement under way is about to begin; not if the end of one has been sent
// already. Late data of a copy that has failed are discarded, as the server does.
bool session::drop_late_copy() {
  if (talk_.leased() && talk_.server().owes() && !(talk_.server().copying_in() && !talk_.under_way().held.copy_in)) {
    ask_for_answers(talk_);
    return false;
  }
  talk_.work->inbox.consume_batch();
  return true;
}

// True if the batch has been dealt with, and there may be more to do.
bool session::act_on_batch() {
  auto& now = *talk_.work;
  const auto where = talk_.stands();
  if (const auto why = may_be_refused(where) ? refusal(now.facts, where) : std::nullopt) {
    fail_batch(talk_, *why);
    return true;
  }
  if (!vacated()) return false;
  const bool pinned = now.exchange.held.pins.any();
  switch (admit(now.facts, where, [&] { return demands(talk_, where); })) {
    case admission::answer_internal:
      answer_internal(talk_);
      return true;
    case admission::answer_sync:
      answer_sync(talk_);
      return true;
    case admission::place:
      if (answer_transaction(talk_)) return true;
      start_plan();
      return stage_ == stage::ready;
    case admission::send:
      dispatch(pinned ? route_reason::pinned : route_reason::transaction);
      return stage_ == stage::ready;
    case admission::join:
      return join(pinned ? route_reason::pinned : route_reason::pipelined) && stage_ == stage::ready;
    case admission::ask_for_answers:
      ask_for_answers(talk_);
      return false;
    case admission::wait:
      break;
  }
  return false;
}

// True if there may be more to do.
bool session::follow(const passed& what) {
  switch (what.what) {
    using enum passed::outcome;
    case more:
      return true;
    case wait:
      break;
    case prepare:
      this->prepare(route_reason::write);
      break;
    case violation:
      protocol_error(what.why.message);
      break;
    case fatal:
      this->fatal(what.why);
      break;
    case leave:
      end();
      break;
  }
  return false;
}

// What the batch wants nobody to be connected to is made so first. True if there is nothing to wait for.
bool session::vacated() {
  auto& now = *talk_.work;
  const auto wanted = wanted_logins(talk_);
  // Behind what no Sync has ended it would wait for ever; and the server takes it in no such place.
  if (wanted.vacates.empty() || (talk_.leased() && talk_.server().is_open())) return true;
  if (now.vacant && now.vacant->databases() == wanted.vacates) return true;
  if (talk_.busy()) return false;
  now.vacant = std::make_shared<vacancy>(talk_.worker.shared, wanted.vacates);
  stage_ = stage::vacating;
  now.vacant->close_idle([&loop = talk_.worker.loop, weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    // It ends on its own thread too.
    loop.post([self = std::move(self)] {
      if (self->stage_ != stage::vacating) return;
      self->stage_ = stage::ready;
      self->process();
      self->settle();
    });
  });
  return false;
}

// From a batch, or a login, to a server connection that may serve it, or to an answer that there is none.
void session::start_plan() {
  attempt::subject what;
  what.greets = talk_.greets;
  what.anywhere = (talk_.greets && !talk_.keeps_one_server()) || talk_.client.transaction.failed();
  what.as_read = !talk_.greets && talk_.placed().as_read();
  if (!talk_.greets) what.need = talk_.placed().required();
  if (routing::sees_own_writes(what.need.level) && what.as_read) talk_.client.reads_after_writes.reads();
  stage_ = stage::approaching;
  talk_.work->passage.begin(what);
}

// The lease stands and the connection is in the session's state.
void session::arrived() {
  stage_ = stage::ready;
  if (talk_.greets) return welcome(learn_welcome(talk_));
  const auto& plan = talk_.work->attempt.plan();
  talk_.under_way().held.on_replica = plan.on_replica;
  talk_.work->warns = true;
  if (!talk_.under_way().streaming) return dispatch(plan.reason);
  warn_of_plan();
  note_write(talk_);
  note_route(talk_, route_reason::write);
}

void session::turned_away(const wire::error& why) {
  if (talk_.greets) return fatal(why);
  stage_ = stage::ready;
  talk_.work->warns = false;
  fail_batch(talk_, why);
}

// Once for a batch, however often it was placed.
void session::warn_of_plan() {
  if (!std::exchange(talk_.work->warns, false)) return;
  if (talk_.work->facts.bad_hint) {
    talk_.notify(wire::severity::warning, {"01000", "a highwater hint in a comment was not understood, and is ignored",
                                           "", "A hint reads /* highwater: level=NAME */ with one of the levels."});
  }
  const auto& attempt = talk_.work->attempt;
  if (attempt.plan().reason == route_reason::stale) {
    talk_.notify(wire::severity::warning,
                 {"01000", "no node was fresh enough: this read may be stale",
                  describe_distance(attempt.plan(), attempt.need().level, talk_.worker.shared.cluster), ""});
  }
}

// Behind what is under way. False if it has to wait for what it needs.
bool session::join(route_reason reason) {
  forget_sequences_of_others(talk_);
  find_needs(talk_);
  if (talk_.work->needs.needed() && talk_.server().owes()) {
    ask_for_answers(talk_);
    return false;
  }
  dispatch(reason);
  return true;
}

// Sends the batch, once the connection has what it needs for it.
void session::dispatch(route_reason reason) {
  forget_sequences_of_others(talk_);
  find_needs(talk_);
  if (talk_.work->needs.needed()) return prepare(reason);
  warn_of_plan();
  send_batch(talk_, reason);
}

void session::prepare(route_reason reason) {
  stage_ = stage::preparing;
  prepare_needs(talk_, reason);
}

void session::on_prepared(std::string_view failed) {
  const auto alive = shared_from_this();
  auto& now = *talk_.work;
  const bool unbound = on_the_way();
  if (on_deposed_node(talk_)) return unbound ? leave() : this->fatal(leave_deposed_node(talk_));
  stage_ = stage::ready;
  note_prepared_needs(talk_, failed);
  if (const auto cause = unbound && now.exchange.held.on_replica ? leaves_who_refuses(talk_, failed) : std::nullopt) {
    release(talk_);
    return begin_again(*cause);
  }
  if (must_prepare_again(talk_, failed)) return prepare(now.reason);
  warn_of_plan();
  run_prepared(talk_);
  now.needs.clear();
  if (stage_ == stage::ready && talk_.leased() && !talk_.busy()) exchange_over();
  go_on();
}

}  // namespace highwater::proxy
