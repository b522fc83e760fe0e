#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::plan;
using routing::route_reason;
using routing::statement_kind;

// A batch is there as a whole, or is too long to wait for. True if it has been dealt with.
bool session::begin_batch(bool too_long) {
  auto& now = *work_;
  now.arrived = std::chrono::steady_clock::now();
  if (!std::exchange(now.retrying, false)) now.excluded = routing::no_node;
  if (too_long) {
    if (lease_ != nullptr && busy()) return false;
    now.facts = {};
    now.facts.kind = statement_kind::write;
    now.streaming = true;
    now.scanner.next();
    if (lease_ != nullptr) return true;
    start_plan();
    return stage_ == stage::ready;
  }
  const auto end = now.scanner.end();
  if (end == wire::batch_end::terminate) {
    this->end();
    return false;
  }
  if (end == wire::batch_end::copy) {
    // Perhaps of a copy that a statement under way is about to begin.
    if (lease_ != nullptr && !lease_->queue.empty()) return false;
    // Late data of a copy that has failed: discarded, as the server does.
    consume(now.scanner.size());
    return true;
  }
  if (skip_to_sync_) {
    if (end == wire::batch_end::sync) skip_to_sync_ = false;
    std::string out;
    if (end == wire::batch_end::sync) wire::write_ready_for_query(out, client_status());
    consume(now.scanner.size());
    write_client(out);
    return true;
  }
  if (!examine()) return false;
  if (lease_ != nullptr) {
    if (busy() && !can_join()) return false;
    if (!busy() && answer_locally()) return true;
    send_batch(pinned_ ? route_reason::pinned : busy() ? route_reason::pipelined : route_reason::transaction);
    return stage_ == stage::ready;
  }
  if (answer_locally()) return true;
  start_plan();
  return stage_ == stage::ready;
}

void session::note_statement(routing::statement_ptr what, bool executed) {
  auto& facts = work_->facts;
  if (what->kind != statement_kind::empty || facts.kind == statement_kind::empty) {
    const auto together = [&] {
      if (facts.statements.empty() || facts.kind == statement_kind::empty) return what->kind;
      if (facts.kind == what->kind && (what->kind == statement_kind::read || what->kind == statement_kind::internal)) {
        return what->kind;
      }
      // A transaction that only reads may begin in one message and read in the next.
      if (facts.kind == statement_kind::begin_read_only && what->kind == statement_kind::read) return facts.kind;
      return statement_kind::write;
    };
    facts.kind = together();
  }
  facts.executes |= executed;
  if (std::find(facts.statements.begin(), facts.statements.end(), what) == facts.statements.end()) {
    facts.statements.push_back(std::move(what));
  }
}

void session::examine_text(std::string_view sql) {
  auto& database = kind_->database;
  if (work_->taken_for_read) database.statements.learn_write(sql, database.catalog);
  const auto misses = database.statements.misses();
  const auto found = database.statements.find_or_classify(sql, database.catalog);
  if (database.statements.misses() == misses) {
    worker_.probe.classify_hits.add();
  } else {
    worker_.probe.classify_misses.add();
    worker_.probe.parse_time.observe(std::chrono::steady_clock::now() - work_->arrived);
  }
  if (found.what->reason == routing::write_reason::unknown_name && database.catalog != database.missed_in) {
    database.missed_in = database.catalog;
    worker_.shared.catalogs.missed(database.name);
  }
  auto& facts = work_->facts;
  auto hint = found.hint_level;
  if (found.bad_hint || (hint && !has_bound(*hint))) {
    hint.reset();
    facts.bad_hint = true;
  }
  if (hint) facts.hint = facts.hint ? routing::join(*facts.hint, *hint) : hint;
  note_statement(found.what, false);
}

// `bounded` without a bound would promise nothing.
bool session::has_bound(config::level level) const noexcept {
  const auto& consistency = worker_.shared.settings.consistency;
  return level != config::level::bounded || consistency.max_staleness.count() != 0 || consistency.max_lag_bytes != 0;
}

// What the batch is, out of the verdicts on its statements. False if the session has been ended.
bool session::examine() {
  auto& now = *work_;
  now.facts = {};
  auto& facts = now.facts;
  facts.end = now.scanner.end();
  const auto batch = input_left();
  bool parses_unnamed = false;
  for (const auto& message : now.scanner.messages()) {
    const auto body = batch.substr(message.offset + wire::header_size, message.size - wire::header_size);
    bool well_formed = true;
    switch (message.type) {
      case wire::frontend::query: {
        const auto sql = wire::read_single_string(body);
        well_formed = sql.has_value();
        if (sql) examine_text(*sql);
        facts.executes = true;
        break;
      }
      case wire::frontend::function_call:
        facts.kind = statement_kind::write;
        facts.executes = true;
        break;
      case wire::frontend::parse: {
        const auto parse = wire::read_parse(body);
        well_formed = parse.has_value();
        if (!parse) break;
        parses_unnamed |= parse->name.empty();
        facts.has_names |= !parse->name.empty();
        examine_text(parse->query);
        break;
      }
      case wire::frontend::bind: {
        const auto bind = wire::read_bind_names(body);
        well_formed = bind.has_value();
        if (!bind) break;
        facts.executes = true;
        facts.has_names |= !bind->statement.empty();
        const prepared_ptr* known = nullptr;
        if (bind->statement.empty()) {
          if (!parses_unnamed && unnamed_) known = &unnamed_;
        } else if (names_) {
          known = names_->find(bind->statement);
        }
        if (known != nullptr) examine_text((*known)->query);
        break;
      }
      case wire::frontend::describe:
      case wire::frontend::close: {
        const auto target = wire::read_target(body);
        well_formed = target.has_value();
        if (!target || target->kind != 'S') break;
        facts.has_names |= !target->name.empty();
        const auto* known = names_ && !target->name.empty() ? names_->find(target->name) : nullptr;
        if (known != nullptr && message.type == wire::frontend::describe) examine_text((*known)->query);
        break;
      }
      case wire::frontend::execute:
        facts.executes = true;
        well_formed = wire::read_execute(body).has_value();
        break;
      default:
        break;
    }
    if (!well_formed) {
      protocol_error("malformed message of type '" + std::string(1, message.type) + "'");
      return false;
    }
  }
  now.taken_for_read = false;
  // A portal without a statement that is known here, or a part of an exchange that no Sync has ended: nothing is proved.
  if (facts.executes && facts.statements.empty()) facts.kind = statement_kind::write;
  const bool unfinished = facts.end == wire::batch_end::flush || facts.end == wire::batch_end::cut;
  if (unfinished && facts.executes) facts.kind = statement_kind::write;
  // The verdicts hold for standard strings only.
  if (find(*settings_, "standard_conforming_strings").value_or("on") != "on" && facts.kind != statement_kind::empty) {
    facts.kind = statement_kind::write;
  }
  return true;
}

// May the batch be sent behind others that are still being answered? Only if it would go to the same node anyway.
bool session::can_join() const {
  if (stage_ != stage::ready || copy_in_) return false;
  const auto& facts = work_->facts;
  if (facts.kind == statement_kind::internal) return false;
  // Behind what no Sync has ended there is nothing to wait for: the answers may come only after this.
  if (unsynced_) return true;
  if (resets_all_ || ending_.all || ending_.one || ends_names()) return false;
  if (!work_->touched_settings.empty()) return false;
  const auto& view = worker_.view();
  if (pinned_ || lease_->status != wire::transaction_status::idle || in_read_only_) return true;
  if (lease_->node() == view.primary) return true;
  if (facts.kind != statement_kind::read) return false;
  // Nothing was written since the replica was chosen, so these levels' floors are what they were then.
  const auto need = required();
  using config::level;
  const bool unmoved = need.level == level::eventual || need.level == level::monotonic_reads ||
                       need.level == level::read_your_writes || need.level == level::session;
  return unmoved && !need.bounded();
}

// Does the batch end names of prepared statements, if it succeeds?
bool session::ends_names() const noexcept {
  const auto& facts = work_->facts;
  return facts.executes && std::any_of(facts.statements.begin(), facts.statements.end(), [](const auto& what) {
           return what->deallocates_all || what->deallocates.has_value();
         });
}

routing::requirement session::required() const {
  const auto& facts = work_->facts;
  const auto asked = facts.hint ? facts.hint : asked_level_;
  if (!deferred_begin_.empty() || facts.kind == statement_kind::begin_read_only) {
    return kind_->policies.for_transaction(asked);
  }
  routing::requirement need;
  bool first = true;
  for (const auto& what : facts.statements) {
    const auto one = kind_->policies.for_statement(*what, asked);
    need = std::exchange(first, false) ? one : routing::join(need, one);
  }
  return first ? kind_->policies.for_statement({}, asked) : need;
}

// Is this to be placed like a read? Else it goes to the primary.
bool session::placed_read() const {
  const auto& facts = work_->facts;
  if (stage_ == stage::login || login_) return false;
  if (facts.kind == statement_kind::write || worker_.shared.settings.pool.mode == config::pool_mode::session) return false;
  if (find(*settings_, "default_transaction_isolation").value_or("") == "serializable") return false;
  if (!deferred_begin_.empty()) return deferred_read_only_;
  if (facts.kind == statement_kind::read || facts.kind == statement_kind::begin_read_only) return true;
  if (facts.kind == statement_kind::begin) {
    const auto* first = facts.first();
    const bool silent = first == nullptr || !first->read_only.has_value();
    return silent && first != nullptr && !first->serializable &&
           find(*settings_, "default_transaction_read_only").value_or("off") == "on";
  }
  return false;
}

void session::start_plan() {
  auto& now = *work_;
  now.need = kind_ && stage_ != stage::login ? required() : routing::requirement{};
  // Taken once: what others are told of while this read waits does not bind it.
  if (now.need.level == config::level::causal) worker_.shared.domain.snapshot(now.told);
  now.waits_since = routing::never;
  make_plan();
  follow_plan();
}

void session::make_plan() {
  auto& now = *work_;
  const auto& view = worker_.view();
  if (stage_ == stage::login || login_) {
    now.plan = routing::decide_write(view);
    // Any node can say what a login needs to know.
    for (routing::node_index node = 0; now.plan.what != plan::action::serve && node < view.nodes.size(); ++node) {
      if (!routing::usable(view.nodes[node], worker_.loads[node])) continue;
      now.plan.what = plan::action::serve;
      now.plan.node = node;
      now.plan.incarnation = view.nodes[node].incarnation;
    }
    return;
  }
  if (!placed_read()) {
    now.plan = routing::decide_write(view);
    // A connection to it broke a moment ago: ask it first whether it is still there.
    const bool doubted = now.plan.what == plan::action::serve &&
                         !routing::usable(view.nodes[now.plan.node], worker_.loads[now.plan.node]);
    if (doubted) now.plan.what = plan::action::await_primary;
    return;
  }
  routing::read_request request;
  request.need = now.need;
  request.arrived = now.arrived;
  request.floors = &floors_;
  request.excluded = now.excluded;
  request.domain = &now.told;
  now.plan = routing::decide_read(request, view, worker_.loads, std::chrono::steady_clock::now(), worker_.tie++);
  if (now.plan.floor_restarted) {
    worker_.probe.floors_restarted.add();
    spdlog::warn("a session's floor lay on a timeline that has ended; it begins anew on timeline {}", view.timeline);
  }
}

void session::follow_plan() {
  auto& now = *work_;
  const auto limit = now.arrived + worker_.shared.settings.pool.queue_timeout;
  const auto& view = worker_.view();
  switch (now.plan.what) {
    case plan::action::serve:
      stop_waiting(true);
      return lease_node();
    case plan::action::await_sample:
      if (view.has_primary()) worker_.shared.monitor.need_sample(view.primary, now.plan.since);
      return await_view(now.plan.deadline);
    case plan::action::await_replay: {
      if (now.plan.since != routing::never && view.has_primary()) {
        worker_.shared.monitor.need_sample(view.primary, now.plan.since);
      }
      for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
        if (view.nodes[node].role != routing::node_role::replica || !view.nodes[node].usable) continue;
        worker_.shared.monitor.need_position(node, std::max<routing::lsn>(now.plan.floor, 1), now.plan.deadline);
      }
      return await_view(now.plan.deadline);
    }
    case plan::action::await_primary:
      if (std::chrono::steady_clock::now() >= limit || (view.settled && stage_ == stage::login)) return give_up_waiting();
      return await_view(limit);
    case plan::action::fail:
      stop_waiting(false);
      return refuse_stale();
  }
}

void session::await_view(routing::instant deadline) {
  auto& now = *work_;
  if (!std::exchange(now.awaiting_view, true)) {
    now.waits_since = std::chrono::steady_clock::now();
    worker_.probe.freshness_waiting.add();
    worker_.awaiting_view.push_back(this);
    worker_.view_reader.wait(true);
    if (stage_ != stage::login) stage_ = stage::awaiting_view;
  }
  worker_.timers.cancel(now.deadline);
  now.deadline = worker_.timers.schedule(deadline, [this] {
    const auto alive = shared_from_this();
    work_->deadline = {};
    view_changed();
  });
  // What was published between looking and saying that one waits would be missed.
  if (worker_.shared.board.newest()->version != worker_.view().version) {
    boost::asio::post(worker_.io, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->view_changed();
    });
  }
}

void session::stop_waiting(bool reached) {
  auto& now = *work_;
  worker_.timers.cancel(now.deadline);
  if (!std::exchange(now.awaiting_view, false)) return;
  worker_.probe.freshness_waiting.add(-1);
  worker_.probe.freshness_wait.observe(std::chrono::steady_clock::now() - now.waits_since);
  const bool fell_back = now.plan.reason == route_reason::fallback || now.plan.reason == route_reason::stale;
  if (!reached || fell_back) worker_.probe.freshness_timeouts.add();
  std::erase(worker_.awaiting_view, this);
  if (worker_.awaiting_view.empty()) worker_.view_reader.wait(false);
  if (stage_ == stage::awaiting_view) stage_ = stage::ready;
}

void session::view_changed() {
  if (!work_ || !work_->awaiting_view) return;
  const auto alive = shared_from_this();
  if (work_->awaiting_proof) {
    if (!proof_arrived()) return;
  } else {
    replan();
  }
  if (stage_ == stage::ready) process();
  settle();
}

// True if the wait for a proof is over, one way or the other.
bool session::proof_arrived() {
  const bool late = std::chrono::steady_clock::now() >= work_->arrived + worker_.shared.settings.pool.queue_timeout;
  if (!proved(*lease_) && !late) return false;
  work_->awaiting_proof = false;
  stop_waiting(true);
  if (!late) {
    use_lease();
  } else {
    drop_lease();
    give_up_waiting();
  }
  return true;
}

void session::lease_node() {
  auto& now = *work_;
  auto& pool = worker_.pool_of(*kind_, now.plan.node);
  if (stage_ != stage::login) stage_ = stage::awaiting_lease;
  if (auto* connection = pool.acquire(*this)) return take_lease(*connection);
  now.waits_since = std::chrono::steady_clock::now();
  worker_.timers.cancel(now.deadline);
  now.deadline = worker_.timers.schedule(now.arrived + worker_.shared.settings.pool.queue_timeout, [this, &pool] {
    const auto alive = shared_from_this();
    work_->deadline = {};
    pool.cancel(*this);
    worker_.probe.lease_timeouts.add();
    const auto& node = worker_.shared.settings.cluster.nodes[work_->plan.node];
    answer_error({std::string(wire::sqlstate::too_many_connections),
                  "no server connection became free within " +
                      std::to_string(worker_.shared.settings.pool.queue_timeout.count()) + " ms",
                  "All " + std::to_string(worker_.shared.settings.pool.size) + " connections of user \"" + kind_->user +
                      "\" to database \"" + kind_->database.name + "\" on node " + node.name + " are in use.",
                  "Raise pool.size, or look for long transactions."});
    process();
    settle();
  });
}

// A connection says nothing about a node's freshness unless it belongs to the life that the decision was about.
bool session::proved(server_connection& connection) {
  const auto& node = worker_.view().nodes[connection.node()];
  if (connection.proved == 0 && node.sampled > connection.established()) connection.proved = node.incarnation;
  return connection.proved != 0;
}

// After a wait in the pool's queue.
void session::on_lease(server_connection& connection) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  worker_.probe.lease_wait.observe(std::chrono::steady_clock::now() - work_->waits_since);
  take_lease(connection);
  process();
  settle();
}

void session::take_lease(server_connection& connection) {
  lease_ = &connection;
  connection.lease(*this);
  ++worker_.loads[connection.node()].outstanding;
  if (stage_ == stage::awaiting_lease) stage_ = stage::awaiting_settings;
  use_lease();
}

void session::use_lease() {
  auto& connection = *lease_;
  if (!proved(connection)) {
    // A new connection: wait for a sample that was sent after it stood.
    work_->awaiting_proof = true;
    worker_.shared.monitor.need_sample(connection.node(), connection.established() + std::chrono::nanoseconds(1));
    return await_view(work_->arrived + worker_.shared.settings.pool.queue_timeout);
  }
  const auto current = worker_.view().nodes[connection.node()].incarnation;
  if (connection.proved != current) {
    // The node has had another life since: this connection's server is dead.
    drop_lease();
    return replan();
  }
  if (connection.proved != work_->plan.incarnation) {
    // The decision was about the life before; it has to be taken again.
    release();
    return replan();
  }
  if (connection.apply(settings_)) return;
  go();
}

void session::replan() {
  make_plan();
  follow_plan();
}

void session::on_lease_failed(const wire::error& why) {
  const auto alive = shared_from_this();
  worker_.timers.cancel(work_->deadline);
  const bool unreachable = why.code.starts_with("08") || why.code.starts_with("57P");
  if (unreachable && std::chrono::steady_clock::now() < work_->arrived + worker_.shared.settings.pool.queue_timeout) {
    return replan();
  }
  // The server's own verdict: unknown database, wrong password, too many connections.
  auto told = why;
  told.detail = "Node " + worker_.shared.settings.cluster.nodes[work_->plan.node].name + " refused the connection.";
  answer_error(told);
  if (stage_ == stage::ready) process();
  settle();
}

void session::on_settings_applied(const wire::error* failed) {
  const auto alive = shared_from_this();
  if (failed == nullptr) {
    go();
  } else {
    auto told = *failed;
    told.detail = "The session's settings could not be restored on node " +
                  worker_.shared.settings.cluster.nodes[lease_->node()].name + ".";
    release();
    answer_error(told);
  }
  if (stage_ == stage::ready) process();
  settle();
}

// The lease stands and the connection is in the session's state.
void session::go() {
  if (stage_ == stage::login) return welcome(*lease_);
  stage_ = stage::ready;
  if (work_->facts.bad_hint) {
    notify({"01000", "a highwater hint in a comment was not understood, and is ignored", "",
            "A hint reads /* highwater: level=NAME */ with one of the levels."});
  }
  if (work_->plan.reason == route_reason::stale) {
    notify({"01000", "no node was fresh enough: this read may be stale", describe_distance(), ""});
  }
  if (work_->streaming) {
    count_route(route_reason::write);
    return;
  }
  send_batch(work_->plan.reason);
}

// How far the best node is from what the read needs.
std::string session::describe_distance() const {
  const auto& p = work_->plan;
  const auto& nodes = worker_.shared.settings.cluster.nodes;
  std::string detail = "Level " + std::string(config::to_string(work_->need.level));
  if (p.floor != 0) detail += " needs position " + routing::to_string(p.floor);
  if (p.best == routing::no_node) {
    detail += "; no replica can be used.";
  } else {
    detail += "; the best node, " + nodes[p.best].name + ", is at " + routing::to_string(p.node_at);
    if (p.floor > p.node_at) detail += ", " + std::to_string(p.floor - p.node_at) + " bytes behind";
    detail += ".";
  }
  return detail;
}

void session::notify(const wire::error& what) {
  std::string out;
  wire::write_notice(out, wire::severity::warning, what);
  write_client(out);
}

void session::refuse_stale() {
  worker_.probe.stale_errors.add();
  answer_error({std::string(wire::sqlstate::serialization_failure), "no node is fresh enough for this read", describe_distance(),
                "Try again, or let on_stale end in primary."});
}

void session::give_up_waiting() {
  stop_waiting(false);
  answer_error({std::string(wire::sqlstate::cannot_connect_now),
                stage_ == stage::login ? "no node of the cluster can be used" : "no primary is known", "",
                "Highwater goes on looking for one; /readyz and its log tell what each node answers."});
}

// The lease is over, and the connection may serve somebody else.
void session::release() {
  if (lease_ == nullptr) return;
  auto& connection = *std::exchange(lease_, nullptr);
  --worker_.loads[connection.node()].outstanding;
  in_read_only_ = false;
  connection.give_back();
}

void session::drop_lease() {
  auto& connection = *std::exchange(lease_, nullptr);
  --worker_.loads[connection.node()].outstanding;
  in_read_only_ = false;
  worker_.pool_of(*kind_, connection.node()).drop(connection);
}

// The session ends, or does not want the rest of the answer.
void session::abandon_lease() {
  if (pinned_) lease_->soiled = true;
  const bool in_the_middle = unsynced_ || copy_in_ || (work_ && (work_->streaming || work_->pass_left > 0));
  if (in_the_middle) {
    drop_lease();
  } else {
    release();
  }
}

}  // namespace highwater::proxy
