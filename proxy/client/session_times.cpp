#include <algorithm>
#include <utility>

#include "proxy/client/lease.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

// A copy waits for the client's data, and is none of the server's time. What is asked for the session's sake is short.
time_limits::standing session::stands_now() const {
  time_limits::standing now;
  const bool asked = stage_ == stage::ready || stage_ == stage::preparing;
  now.under_way = stage_ != stage::ready || talk_.busy() || (talk_.work && !talk_.input().empty());
  const bool copies = talk_.leased() && talk_.under_way().held.copy_in;
  now.on_server = asked && talk_.leased() && talk_.server().owes() && !copies;
  now.in_transaction = copies || talk_.status() != wire::transaction_status::idle;
  now.answered = talk_.client.answered;
  now.transactions = talk_.client.transactions;
  now.asked = talk_.client.requested;
  return now;
}

void session::look_at_times() {
  if (talk_.greets || stage_ == stage::ended) return;
  if (!time_limits::any(talk_.kind->allowed().timeouts)) {
    times_ = nullptr;
    return;
  }
  if (!times_) times_ = std::make_unique<watched_times>(talk_.worker.timers);
  const auto now = std::chrono::steady_clock::now();
  times_->of.look(stands_now(), now);
  watch_times();
}

void session::watch_times() {
  auto& alarm = times_->alarm;
  const auto next = times_->of.next(talk_.kind->allowed().timeouts);
  if (next == routing::never || (alarm.number != 0 && alarm.when <= next)) return;
  times_->timers.cancel(alarm);
  alarm = times_->timers.schedule(next, [this] {
    times_->alarm = {};
    time_is_up();
  });
}

void session::time_is_up() {
  const auto alive = shared_from_this();
  const auto now = std::chrono::steady_clock::now();
  const auto what = times_->of.exceeded(talk_.kind->allowed().timeouts, now);
  switch (what) {
    using enum time_limits::excess;
    case none:
      return watch_times();
    case query:
      return cancel_late_statement(now);
    case deaf:
      return give_up_connection({std::string(wire::sqlstate::connection_failure),
                                 "it does not answer to the cancellation of a statement that takes too long", "", ""});
    case transaction:
      // What becomes of a COMMIT that is under way has to be heard: see look_at_times() for what follows.
      if (times_->of.on_server()) return cancel_late_statement(now);
      break;
    default:
      break;
  }
  fatal(too_long(what));
}

// Until the server has been told, nothing else may come there: it would be canceled in its place.
void session::cancel_late_statement(routing::instant now) {
  times_->of.canceled(now);
  watch_times();
  auto& held = talk_.under_way().held;
  held.timed_out = held.canceling = true;
  cancel([weak = weak_from_this(), there = &talk_.server()] {
    const auto self = weak.lock();
    if (!self || !self->talk_.leased() || &self->talk_.server() != there) return;
    self->talk_.under_way().held.canceling = false;
    self->go_on();
  });
}

}  // namespace highwater::proxy
