#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/kept_settings.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

void session::lease_node() {
  auto& now = *work_;
  auto& pool = worker_.pool_of(*kind_, now.attempt.plan().node);
  stage_ = stage::awaiting_lease;
  if (auto* connection = pool.acquire(*this)) {
    routing::note_wait(worker_.loads[now.attempt.plan().node], {});
    return take_lease(*connection);
  }
  now.queued_since = std::chrono::steady_clock::now();
  worker_.timers.cancel(now.deadline);
  now.deadline = worker_.timers.schedule(now.attempt.limit(), [this, &pool] {
    const auto alive = shared_from_this();
    work_->deadline = {};
    pool.cancel(*this);
    note_queued(pool.key().node);
    worker_.probe.lease_timeouts.add();
    answer_error(work_->attempt.refused().value_or(timed_out_in(pool)));
    process();
    settle();
  });
}

wire::error session::timed_out_in(const pool& queue) const {
  const auto& settings = worker_.shared.settings;
  const auto refusal = queue.refusal();
  return queue_timeout({kind_->user, kind_->database.name, settings.cluster.nodes[queue.key().node].name,
                        queue.connecting(), refusal ? &*refusal : nullptr},
                       settings.pool);
}

// After a wait in the pool's queue.
void session::on_lease(server_connection& connection) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  note_queued(connection.node());
  const auto next = work_->attempt.may_be_outdated() ? decide() : attempt::move::lease;
  if (next == attempt::move::lease && work_->attempt.serves_on(connection.node())) {
    take_lease(connection);
  } else {
    hand_back(connection);
    follow(next);
  }
  process();
  settle();
}

void session::note_queued(routing::node_index node) {
  const auto waited = std::chrono::steady_clock::now() - work_->queued_since;
  worker_.probe.lease_wait.observe(waited);
  routing::note_wait(worker_.loads[node], waited);
}

void session::take_lease(server_connection& connection) {
  connection.lease(*this);
  under_way().begin(connection.session(), &connection, worker_.loads[connection.node()]);
  if (stage_ == stage::awaiting_lease) stage_ = stage::awaiting_settings;
  use_lease();
}

void session::on_lease_failed(const wire::error& why) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  const bool unreachable = is_unreachable(why);
  if (unreachable && std::chrono::steady_clock::now() < work_->attempt.limit()) return replan_and_go_on();
  // The server's own verdict: unknown database, wrong password, too many connections.
  auto told = why;
  told.detail =
      "Node " + worker_.shared.settings.cluster.nodes[work_->attempt.plan().node].name + " refused the connection.";
  if (work_->attempt.turned_away(told, is_full(why))) return replan_and_go_on();
  answer_error(told);
  go_on();
}

// A connection says nothing about a node's freshness unless it belongs to the life that the decision was about.
bool session::proved(server_connection& connection) {
  const auto& view = worker_.view();
  work_->seen = view.version;
  return connection.session().prove(view.nodes[connection.node()]);
}

// Rule 25.
bool session::leads_elsewhere() {
  auto& connection = under_way().connection();
  const auto node = connection.node();
  auto why = is_stranger(connection.session().server_started(), connection.session().established(),
                         worker_.view().nodes[node], worker_.shared.settings.cluster.nodes[node]);
  if (!why || connection.session().proved() != 0) return false;
  if (worker_.strangers_told.may_tell(std::chrono::steady_clock::now())) spdlog::error("{}", why->message);
  work_->attempt.stranger(std::move(*why));
  end_lease();
  worker_.pool_of(*kind_, node).drop_stranger(connection);
  replan();
  return true;
}

void session::use_lease() {
  auto& connection = under_way().connection();
  if (leads_elsewhere()) return;
  if (!proved(connection)) {
    // A new connection: wait for a sample that was sent after it stood.
    worker_.shared.monitor.need_sample(connection.node(),
                                       connection.session().established() + std::chrono::nanoseconds(1));
    return await_view(work_->attempt.limit(), stage::awaiting_proof);
  }
  const auto current = worker_.view().nodes[connection.node()].incarnation;
  if (connection.session().proved() != current) {
    // The node has had another life since: this connection's server is dead.
    drop_lease();
    return replan();
  }
  if (connection.session().proved() != work_->attempt.plan().incarnation) {
    // The decision was about the life before; it has to be taken again.
    release();
    return replan();
  }
  if (connection.apply(client_.settings)) return;
  go();
}

// True if the wait for a proof is over, one way or the other.
bool session::proof_arrived() {
  const bool late = std::chrono::steady_clock::now() >= work_->attempt.limit();
  const bool younger = worker_.view().nodes[server().node()].sampled > server().established();
  if (!proved(connection()) && !younger && !late) return false;
  stop_waiting(true);
  if (!late) {
    // Whatever it needs first: nothing of the session's may be sent before go().
    stage_ = stage::awaiting_settings;
    use_lease();
  } else {
    const auto node = node_name(server().node());
    drop_lease();
    answer_error(work_->attempt.refused().value_or(not_proved(node)));
  }
  return true;
}

void session::on_settings_applied(const wire::error* failed) {
  const auto alive = shared_from_this();
  if (failed == nullptr && under_way().held.pins.any()) {
    stage_ = stage::ready;  // between two exchanges
  } else if (failed == nullptr) {
    go();
  } else if (under_way().held.pins.any()) {
    return fatal(*failed);
  } else if (!server().settings()->empty()) {
    // Somebody's settings are in the way that this session may not take back. DISCARD ALL may.
    server().soil();
    release();
    return replan_and_go_on();
  } else {
    auto told = *failed;
    told.detail = "The session's settings could not be restored on node " +
                  worker_.shared.settings.cluster.nodes[server().node()].name + ".";
    release();
    answer_error(told);
  }
  go_on();
}

// The lease stands and the connection is in the session's state.
void session::go() {
  if (greets_) return welcome(connection());
  if (server().reported() != client_.told.digest() && keep_what_was_told()) return;
  stage_ = stage::ready;
  under_way().held.on_replica = work_->attempt.plan().on_replica;
  if (!client_.transaction.failed() && on_deposed_node()) {
    // Rule 12: another primary has been proved since the plan was made.
    release();
    return replan();
  }
  if (work_->facts.bad_hint) {
    notify(wire::severity::warning, {"01000", "a highwater hint in a comment was not understood, and is ignored", "",
                                     "A hint reads /* highwater: level=NAME */ with one of the levels."});
  }
  if (work_->attempt.plan().reason == route_reason::stale) {
    notify(
        wire::severity::warning,
        {"01000", "no node was fresh enough: this read may be stale",
         describe_distance(work_->attempt.plan(), work_->attempt.need().level, worker_.shared.settings.cluster), ""});
  }
  if (under_way().streaming) {
    note_write();
    note_route(route_reason::write);
    return;
  }
  dispatch(work_->attempt.plan().reason);
}

// True if the connection is being brought to it first.
bool session::keep_what_was_told() {
  const auto kept = settings_to_keep(client_.told.all(), server().parameters(), *client_.settings);
  if (!kept) return false;
  auto own = *client_.settings, at_login = *client_.at_login;
  for (const auto& [name, value] : *kept) {
    put(own, name, value);
    if (!find(at_login, name)) put(at_login, name, value);
  }
  client_.at_login = worker_.interner.intern(std::move(at_login));
  adopt_settings(worker_.interner.intern(std::move(own)));
  stage_ = stage::awaiting_settings;
  return connection().apply(client_.settings);
}

server_connection& session::end_lease() {
  auto& connection = *under_way().end();
  // Nobody else could prepare it again.
  const auto* unnamed = client_.find_named("");
  const bool large = unnamed != nullptr && unnamed->what->size() > worker_.shared.settings.limits.max_prepared_bytes;
  if (large) client_.end_unnamed();
  return connection;
}

// The lease is over, and the connection may serve somebody else.
void session::release() {
  if (leased()) end_lease().give_back();
}

void session::drop_lease() {
  auto& connection = end_lease();
  worker_.pool_of(*kind_, connection.node()).drop(connection);
}

// Not the one that is wanted any more.
void session::hand_back(server_connection& connection) {
  connection.lease(*this);
  connection.give_back();
}

// The session ends. What the server still does for it must not keep the place of one that somebody waits for: the
// server is left alone with a write, as when a client of its own has gone, and told to give up a read.
void session::abandon_lease() {
  const auto& exchange = under_way();
  const bool in_the_middle = server().is_open() || exchange.held.copy_in || exchange.streaming || work_->pass_left > 0;
  if (in_the_middle || server().owes()) {
    const bool reads = !exchange.flights.empty() && !in_the_middle && !exchange.may_have_written();
    if (reads) connection().cancel({});
    return drop_lease();
  }
  if (exchange.held.pins.any() || exchange.changes.pending()) server().soil();
  release();
}

}  // namespace highwater::proxy
