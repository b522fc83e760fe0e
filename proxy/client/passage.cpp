#include "proxy/client/passage.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/examining.hpp"
#include "proxy/client/kept_settings.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/refusals.hpp"

namespace highwater::proxy {

using routing::route_reason;

passage::passage(conversation& whose, traveller& who, attempt& deciding)
    : talk_(whose),
      who_(who),
      attempt_(deciding),
      approach_(deciding, whose.worker.shared.cluster.nodes),
      view_place_(*this) {}

void passage::begin(const attempt::subject& what) {
  // Taken once: what others are told of while this batch waits does not bind it.
  if (routing::minds_what_others_were_told(what.need.level)) talk_.worker.shared.domain.snapshot(attempt_.told());
  attempt_.place(what, talk_.client.floors);
  follow(approach_.begin(circumstances()));
}

void passage::again() {
  follow_and_go_on(approach_.begin(circumstances()));
}

attempt::circumstances passage::circumstances() {
  auto& worker = talk_.worker;
  const auto& view = worker.view();
  seen_ = view.version;
  return {view, worker.loads, std::chrono::steady_clock::now(), worker.turn};
}

routing::node_index passage::node() const noexcept {
  return talk_.leased() ? talk_.server().node() : attempt_.plan().node;
}

// `said`: what stands in the way, where it is somebody else's word.
void passage::follow(const approach::step& next, const wire::error* said) {
  if (next.decided) note_decision();
  give_up_lease(talk_, next.connection);
  switch (next.next) {
    using enum approach::move;
    case wait:
      attempt_.ask(talk_.worker.shared.monitor);
      return await_view(next.until);
    case queue:
      stop_waiting(true);
      return this->queue(next.until);
    case wait_proof:
      talk_.worker.shared.monitor.need_sample(talk_.server().node(), next.since);
      return await_view(next.until);
    case settle:
      stop_waiting(true);
      return settle_connection();
    case arrive:
      return who_.arrived();
    case refuse:
      stop_waiting(false);
      return who_.turned_away(why_refused(next.why, said));
  }
}

// ... after an event of its own: what is next may be an error, and there may be more to do behind it.
void passage::follow_and_go_on(const approach::step& next, const wire::error* said) {
  auto& who = who_;  // this may end with what it was for
  follow(next, said);
  who.go_on();
}

void passage::note_decision() {
  auto& worker = talk_.worker;
  // Writes have no choice, and would take every other turn from the reads between them.
  if (attempt_.as_read()) ++worker.turn;
  if (!attempt_.plan().floor_restarted) return;
  worker.probe.floors_restarted.add();
  const auto timeline = worker.view().timeline;
  if (std::exchange(worker.restarted_on, timeline) == timeline) return;
  spdlog::warn(
      "floors of sessions lay on a timeline that has ended, or in WAL that a crash of the primary has taken; they "
      "begin "
      "anew on timeline {}",
      timeline);
}

// For news -----------------------------------------------------------------------------------------------------------

void passage::await_view(routing::instant deadline) {
  auto& worker = talk_.worker;
  const auto moment = std::chrono::steady_clock::now();
  if (!talk_.leased() && attempt_.at_gate()) {
    waiting_.at_gate(moment, worker.probe);
  } else {
    waiting_.for_node(moment, worker.probe);
  }
  if (!waits_for_view()) {
    worker.awaiting_view.push_back(view_place_);
    worker.view_reader.wait(true);
  }
  await_view_until(deadline);
  // What was published between looking and saying that one waits would be missed.
  if (worker.shared.board.newest()->version == seen_) return;
  view_place_.unlink();
  worker.yet_to_look.push_back(view_place_);
  worker.look_soon();
}

void passage::await_view_until(routing::instant deadline) {
  auto& timers = talk_.worker.timers;
  if (deadline_.number != 0 && deadline_.when == deadline) return;
  timers.cancel(deadline_);
  deadline_ = timers.schedule(deadline, [this] {
    const auto alive = who_.alive();
    deadline_ = {};
    view_changed();
  });
}

// `reached`: what was waited for is there.
void passage::stop_waiting(bool reached) {
  auto& worker = talk_.worker;
  worker.timers.cancel(deadline_);
  if (std::exchange(held_, false)) return view_place_.unlink();
  if (!waits_for_view()) return;
  const auto reason = attempt_.plan().reason;
  const bool fell_back = reason == route_reason::fallback || reason == route_reason::stale;
  waiting_.end(std::chrono::steady_clock::now(), reached && !fell_back, worker.probe);
  view_place_.unlink();
  if (!worker.anybody_awaits_view()) worker.view_reader.wait(false);
}

void passage::view_changed() {
  if (!view_place_.is_linked()) return;
  const auto alive = who_.alive();
  if (held_) return let_go();
  follow_and_go_on(talk_.leased() ? approach_.view_changed(talk_.server(), circumstances())
                                  : approach_.view_changed(circumstances()));
}

// For a connection ------------------------------------------------------------------------------------

// Its database is paused: that costs it nothing of the time that it may wait.
void passage::hold() {
  held_ = true;
  talk_.kind->database.held.push_back(view_place_);
}

// It is paused no more: where the batch belongs is decided anew, as if it had just come.
void passage::let_go() {
  held_ = false;
  view_place_.unlink();
  attempt_.resume(std::chrono::steady_clock::now());
  again();
}

void passage::queue(routing::instant deadline) {
  auto& worker = talk_.worker;
  if (talk_.kind->database.paused) return hold();
  auto& pool = worker.pool_of(*talk_.kind, attempt_.plan().node);
  if (auto* connection = pool.acquire(*this)) {
    routing::note_wait(worker.loads[attempt_.plan().node], {});
    begin_lease(talk_, *connection, who_);
    return follow(approach_.taken(talk_.server(), circumstances()));
  }
  queued_since_ = std::chrono::steady_clock::now();
  deadline_ = worker.timers.schedule(deadline, [this, &pool] { queued_too_long(pool); });
}

void passage::queued_too_long(pool& where) {
  const auto alive = who_.alive();
  deadline_ = {};
  where.cancel(*this);
  note_queued(where.key().node);
  talk_.worker.probe.lease_timeouts.add();
  follow_and_go_on(approach::queued_too_long());
}

void passage::note_queued(routing::node_index node) {
  const auto waited = std::chrono::steady_clock::now() - queued_since_;
  talk_.worker.probe.lease_wait.observe(waited);
  talk_.kind->database.usage.wait_time += std::chrono::duration_cast<std::chrono::microseconds>(waited);
  routing::note_wait(talk_.worker.loads[node], waited);
}

// After a wait in the pool's queue.
void passage::on_lease(server_connection& connection) {
  const auto alive = who_.alive();
  talk_.worker.timers.cancel(deadline_);
  note_queued(connection.node());
  begin_lease(talk_, connection, who_);
  follow_and_go_on(approach_.offered(talk_.server(), circumstances()));
}

void passage::on_lease_failed(const wire::error& why) {
  const auto alive = who_.alive();
  talk_.worker.timers.cancel(deadline_);
  // The server's own verdict: unknown database, wrong password, too many connections.
  auto told = why;
  told.detail = "Node " + std::string(talk_.node_name(attempt_.plan().node)) + " refused the connection.";
  follow_and_go_on(approach_.turned_away(told, circumstances()), &told);
}

settings_ptr passage::wanted_settings() const {
  return talk_.client.settings;
}

std::uint64_t passage::wanted_last_write() const {
  return reads_sequences(talk_) ? talk_.client.last_write : 0;
}

// For settings ----------------------------------------------------------------------------------------

void passage::settle_connection() {
  if (!talk_.connection().apply(talk_.client.settings)) connection_settled();
}

void passage::connection_settled() {
  const bool as_told = talk_.greets || talk_.server().reported() == talk_.client.told.digest();
  if (!as_told && keep_what_was_told()) return;
  follow(approach_.settled(talk_.server(), circumstances()));
}

// True if the connection is being brought to it first.
bool passage::keep_what_was_told() {
  auto& client = talk_.client;
  const auto kept = settings_to_keep(client.told.all(), talk_.server().parameters(), *client.settings);
  if (!kept) return false;
  auto own = *client.settings, at_login = *client.at_login;
  for (const auto& [name, value] : *kept) {
    put(own, name, value);
    if (!find(at_login, name)) put(at_login, name, value);
  }
  auto& interner = talk_.worker.interner;
  client.at_login = interner.intern(std::move(at_login));
  talk_.adopt_settings(interner.intern(std::move(own)));
  return talk_.connection().apply(client.settings);
}

void passage::settings_applied(const wire::error* failed) {
  auto& who = who_;
  if (failed == nullptr) {
    connection_settled();
  } else {
    auto told = *failed;
    told.detail = "The session's settings could not be restored on node " +
                  std::string(talk_.node_name(talk_.server().node())) + ".";
    follow(approach_.unsettled(talk_.server(), circumstances()), &told);
  }
  who.go_on();
}

// Its end ---------------------------------------------------------------------------------------------

void passage::turn_back() {
  const auto node = attempt_.plan().node;
  if (!talk_.leased() && node != routing::no_node) talk_.worker.pool_of(*talk_.kind, node).cancel(*this);
  stop_waiting(false);
  if (talk_.leased()) drop_lease(talk_);
}

void passage::lost() {
  stop_waiting(false);
  again();
}

void passage::abandon() noexcept {
  stop_waiting(true);
  const auto node = attempt_.plan().node;
  if (node != routing::no_node && talk_.kind) talk_.worker.pool_of(*talk_.kind, node).cancel(*this);
}

wire::error passage::why_refused(approach::refusal why, const wire::error* said) {
  using enum approach::refusal;
  auto& worker = talk_.worker;
  if (why == gate_closed) worker.probe.gate_timeouts.add();
  if (why == gate_closed)
    return gate_stayed_closed(attempt_.plan(), worker.view(), worker.shared.cluster, talk_.kind->allowed().pool);
  if (why == by_server) return *said;
  // Who has turned it away before is why there is no other.
  if (attempt_.refused()) return *attempt_.refused();
  switch (why) {
    case too_stale:
      worker.probe.stale_errors.add();
      return proxy::too_stale(attempt_.plan(), attempt_.need().level, worker.shared.cluster);
    case queue_too_long:
      return why_queued_too_long();
    case not_proved:
      return proxy::not_proved(talk_.node_name(attempt_.plan().node));
    default:
      return proxy::no_node({talk_.greets, attempt_.as_read() && !routing::may_use_primary(attempt_.need())});
  }
}

wire::error passage::why_queued_too_long() const {
  auto& kind = *talk_.kind;
  auto& pool = talk_.worker.pool_of(kind, attempt_.plan().node);
  const auto refusal = pool.refusal();
  const auto& [user, database] = kind.names.on_servers;
  return queue_timeout(
      {user, database, talk_.node_name(pool.key().node), pool.connecting(), refusal ? &*refusal : nullptr, pool.full()},
      kind.allowed().pool);
}

}  // namespace highwater::proxy
