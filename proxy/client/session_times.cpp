#include <algorithm>
#include <utility>

#include "proxy/client/lease.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

time_limits::standing session::stands_now() const {
  time_limits::standing now;
  now.under_way = stage_ != stage::ready || talk_.busy();
  now.on_server = now.under_way && talk_.leased() && talk_.server().owes() && stage_ != stage::approaching;
  now.in_transaction = talk_.status() != wire::transaction_status::idle;
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
    default:
      break;
  }
  // The server would go on with it, whoever still listens.
  if (talk_.leased() && talk_.server().owes()) talk_.connection().cancel({});
  fatal(too_long(what));
}

void session::cancel_late_statement(routing::instant now) {
  times_->of.canceled(now);
  watch_times();
  talk_.under_way().held.timed_out = true;
  cancel([] {});
}

}  // namespace highwater::proxy
