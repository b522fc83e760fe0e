#include <spdlog/spdlog.h>

#include <utility>

#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

// From a batch to a server connection that may serve it, or to an answer that there is none.
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
  follow(now.approach.begin(circumstances()));
}

attempt::circumstances session::circumstances() {
  const auto& view = worker_.view();
  work_->seen = view.version;
  return {view, worker_.loads, std::chrono::steady_clock::now(), worker_.turn};
}

// `said`: what stands in the way, where it is somebody else's word.
void session::follow(const approach::step& next, const wire::error* said) {
  if (next.decided) note_decision();
  give_up_lease(next.connection);
  switch (next.next) {
    using enum approach::move;
    case wait:
      work_->attempt.ask(worker_.shared.monitor);
      return await_view(next.until);
    case queue:
      stop_waiting(true);
      return this->queue(next.until);
    case wait_proof:
      worker_.shared.monitor.need_sample(server().node(), next.since);
      return await_view(next.until);
    case settle:
      stop_waiting(true);
      return settle_connection();
    case arrive:
      return go();
    case refuse:
      stop_waiting(false);
      return answer_error(why_refused(next.why, said));
  }
}

// ... after an event of its own: what is next may be an error, and there may be more to do behind it.
void session::follow_and_go_on(const approach::step& next, const wire::error* said) {
  follow(next, said);
  go_on();
}

void session::note_decision() {
  // Writes have no choice, and would take every other turn from the reads between them.
  if (work_->attempt.as_read()) ++worker_.turn;
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

void session::give_up_lease(approach::fate what) {
  switch (what) {
    using enum approach::fate;
    case keep:
      return;
    case clean:
      server().soil();
      return release();
    case give_back:
      return release();
    case drop:
      return drop_lease();
    case drop_stranger:
      return this->drop_stranger();
  }
}

void session::drop_stranger() {
  if (worker_.strangers_told.may_tell(std::chrono::steady_clock::now()))
    spdlog::error("{}", work_->attempt.refused()->message);
  auto& connection = end_lease();
  worker_.pool_of(*kind_, connection.node()).drop_stranger(connection);
}

void session::await_view(routing::instant deadline) {
  auto& now = *work_;
  const auto moment = std::chrono::steady_clock::now();
  if (!leased() && now.attempt.at_gate()) {
    now.waiting.at_gate(moment, worker_.probe);
  } else {
    now.waiting.for_node(moment, worker_.probe);
  }
  stage_ = stage::approaching;
  if (!waits_for_view()) {
    worker_.awaiting_view.push_back(now.view_place);
    worker_.view_reader.wait(true);
  }
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

// `reached`: what was waited for is there.
void session::stop_waiting(bool reached) {
  auto& now = *work_;
  worker_.timers.cancel(now.deadline);
  if (!waits_for_view()) return;
  const auto reason = now.attempt.plan().reason;
  const bool fell_back = reason == route_reason::fallback || reason == route_reason::stale;
  now.waiting.end(std::chrono::steady_clock::now(), reached && !fell_back, worker_.probe);
  now.view_place.unlink();
  if (!worker_.anybody_awaits_view()) worker_.view_reader.wait(false);
}

void session::view_changed() {
  if (!waits_for_view()) return;
  const auto alive = shared_from_this();
  auto& approach = work_->approach;
  follow_and_go_on(leased() ? approach.view_changed(server(), circumstances())
                            : approach.view_changed(circumstances()));
}

void session::queue(routing::instant deadline) {
  auto& now = *work_;
  auto& pool = worker_.pool_of(*kind_, now.attempt.plan().node);
  stage_ = stage::approaching;
  if (auto* connection = pool.acquire(*this)) {
    routing::note_wait(worker_.loads[now.attempt.plan().node], {});
    begin_lease(*connection);
    return follow(now.approach.taken(server(), circumstances()));
  }
  now.queued_since = std::chrono::steady_clock::now();
  now.deadline = worker_.timers.schedule(deadline, [this, &pool] {
    const auto alive = shared_from_this();
    work_->deadline = {};
    pool.cancel(*this);
    note_queued(pool.key().node);
    worker_.probe.lease_timeouts.add();
    follow_and_go_on(approach::queued_too_long());
  });
}

void session::note_queued(routing::node_index node) {
  const auto waited = std::chrono::steady_clock::now() - work_->queued_since;
  worker_.probe.lease_wait.observe(waited);
  routing::note_wait(worker_.loads[node], waited);
}

// After a wait in the pool's queue.
void session::on_lease(server_connection& connection) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  note_queued(connection.node());
  begin_lease(connection);
  follow_and_go_on(work_->approach.offered(server(), circumstances()));
}

void session::on_lease_failed(const wire::error& why) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  // The server's own verdict: unknown database, wrong password, too many connections.
  auto told = why;
  told.detail = "Node " + std::string(node_name(work_->attempt.plan().node)) + " refused the connection.";
  follow_and_go_on(work_->approach.turned_away(told, circumstances()), &told);
}

void session::settle_connection() {
  stage_ = stage::approaching;
  if (!connection().apply(client_.settings)) connection_settled();
}

void session::connection_settled() {
  if (!greets_ && server().reported() != client_.told.digest() && keep_what_was_told()) return;
  follow(work_->approach.settled(server(), circumstances()));
}

void session::on_settings_applied(const wire::error* failed) {
  const auto alive = shared_from_this();
  if (stage_ == stage::restoring) {
    if (failed != nullptr) return fatal(*failed);
    stage_ = stage::ready;
  } else if (failed == nullptr) {
    connection_settled();
  } else {
    auto told = *failed;
    told.detail =
        "The session's settings could not be restored on node " + std::string(node_name(server().node())) + ".";
    follow(work_->approach.unsettled(server(), circumstances()), &told);
  }
  go_on();
}

// Nothing of the session's has got there yet, and it shall not.
void session::turn_back() {
  const auto node = work_->attempt.plan().node;
  if (!leased() && node != routing::no_node) worker_.pool_of(*kind_, node).cancel(*this);
  stop_waiting(false);
  if (leased()) drop_lease();
}

wire::error session::why_refused(approach::refusal why, const wire::error* said) {
  using enum approach::refusal;
  const auto& attempt = work_->attempt;
  const auto& settings = worker_.shared.settings;
  if (why == gate_closed) worker_.probe.gate_timeouts.add();
  if (why == gate_closed) return gate_stayed_closed(attempt.plan(), worker_.view(), settings);
  if (why == by_server) return *said;
  // Who has turned it away before is why there is no other.
  if (attempt.refused()) return *attempt.refused();
  switch (why) {
    case too_stale:
      worker_.probe.stale_errors.add();
      return proxy::too_stale(attempt.plan(), attempt.need().level, settings.cluster);
    case queue_too_long:
      return why_queued_too_long();
    case not_proved:
      return proxy::not_proved(node_name(attempt.plan().node));
    default:
      return proxy::no_node({greets_, attempt.as_read() && !routing::may_use_primary(attempt.need())});
  }
}

wire::error session::why_queued_too_long() const {
  const auto& pool = worker_.pool_of(*kind_, work_->attempt.plan().node);
  const auto refusal = pool.refusal();
  return queue_timeout(
      {kind_->user, kind_->database.name, node_name(pool.key().node), pool.connecting(), refusal ? &*refusal : nullptr},
      worker_.shared.settings.pool);
}

}  // namespace highwater::proxy
