#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

// From a batch to a node, or to an answer that there is none.
void session::start_plan() {
  auto& now = *work_;
  attempt::subject what;
  what.greets = greets_;
  what.anywhere = (greets_ && !keeps_one_server()) || client_.transaction.failed();
  what.as_read = !greets_ && placed().as_read();
  if (!greets_) what.need = placed().required();
  // Taken once: what others are told of while this batch waits does not bind it.
  if (routing::minds_what_others_were_told(what.need.level)) worker_.shared.domain.snapshot(now.attempt.told());
  if (routing::sees_own_writes(what.need.level) && what.as_read) client_.reads_after_writes.reads();
  now.attempt.place(what, client_.floors);
  replan();
}

attempt::circumstances session::circumstances() {
  const auto& view = worker_.view();
  work_->seen = view.version;
  return {view, worker_.loads, std::chrono::steady_clock::now(), worker_.turn};
}

void session::replan() {
  follow(decide());
}

attempt::move session::decide() {
  const auto next = work_->attempt.next(circumstances());
  // Writes have no choice, and would take every other turn from the reads between them.
  if (work_->attempt.as_read()) ++worker_.turn;
  note_restarted_floors();
  return next;
}

void session::note_restarted_floors() {
  if (!work_->attempt.plan().floor_restarted) return;
  worker_.probe.floors_restarted.add();
  const auto timeline = worker_.view().timeline;
  if (std::exchange(worker_.restarted_on, timeline) == timeline) return;
  spdlog::warn(
      "floors of sessions lay on a timeline that has ended, or in WAL that a crash of the primary has taken; they "
      "begin "
      "anew on timeline {}",
      timeline);
}

void session::follow(attempt::move next) {
  using enum attempt::move;
  switch (next) {
    case lease:
      stop_waiting(true);
      return lease_node();
    case wait:
      work_->attempt.ask(worker_.shared.monitor);
      return await_view(work_->attempt.deadline(), stage::awaiting_view);
    case too_stale:
      stop_waiting(false);
      return refuse_stale();
    case gate_closed:
      stop_waiting(false);
      worker_.probe.gate_timeouts.add();
      return answer_error(gate_stayed_closed(work_->attempt.plan(), worker_.view(), worker_.shared.settings));
    case no_node:
      stop_waiting(false);
      return refuse_for_want_of_node();
  }
}

void session::await_view(routing::instant deadline, stage as) {
  auto& now = *work_;
  const auto moment = std::chrono::steady_clock::now();
  if (as == stage::awaiting_view && now.attempt.at_gate()) {
    now.waiting.at_gate(moment, worker_.probe);
  } else {
    now.waiting.for_node(moment, worker_.probe);
  }
  if (!waits_for_view()) {
    worker_.awaiting_view.push_back(now.view_place);
    worker_.view_reader.wait(true);
  }
  stage_ = as;
  if (now.deadline.number == 0 || now.deadline.when != deadline) {
    worker_.timers.cancel(now.deadline);
    now.deadline = worker_.timers.schedule(deadline, [this] {
      const auto alive = shared_from_this();
      work_->deadline = {};
      view_changed();
    });
  }
  // What was published between looking and saying that one waits would be missed.
  if (worker_.shared.board.newest()->version != now.seen) {
    now.view_place.unlink();
    worker_.yet_to_look.push_back(now.view_place);
    worker_.look_soon();
  }
}

void session::stop_waiting(bool reached) {
  auto& now = *work_;
  worker_.timers.cancel(now.deadline);
  if (!waits_for_view()) return;
  const auto reason = now.attempt.plan().reason;
  const bool fell_back = reason == route_reason::fallback || reason == route_reason::stale;
  now.waiting.end(std::chrono::steady_clock::now(), reached && !fell_back, worker_.probe);
  now.view_place.unlink();
  if (!worker_.anybody_awaits_view()) worker_.view_reader.wait(false);
  stage_ = stage::ready;
}

void session::view_changed() {
  if (!waits_for_view()) return;
  const auto alive = shared_from_this();
  if (stage_ == stage::awaiting_proof) {
    if (!proof_arrived()) return;
  } else {
    replan();
  }
  go_on();
}

// ... after an event of its own: what is planned may be an error, and there may be more to do behind it.
void session::replan_and_go_on() {
  replan();
  go_on();
}

void session::refuse_stale() {
  if (const auto& why = work_->attempt.refused()) return answer_error(*why);
  worker_.probe.stale_errors.add();
  const auto& attempt = work_->attempt;
  answer_error(too_stale(attempt.plan(), attempt.need().level, worker_.shared.settings.cluster));
}

void session::refuse_for_want_of_node() {
  const auto& attempt = work_->attempt;
  const wanted_node wanted{greets_, attempt.as_read() && !routing::may_use_primary(attempt.need())};
  answer_error(attempt.refused().value_or(no_node(wanted)));
}

void session::notify(wire::severity how, const wire::error& what) {
  std::string out;
  wire::write_notice(out, how, what);
  write_client(out);
}

}  // namespace highwater::proxy
