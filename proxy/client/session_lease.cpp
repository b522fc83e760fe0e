#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

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

// A connection says nothing about a node's freshness unless it belongs to the life that the decision was about.
bool session::proved(server_connection& connection) {
  const auto& node = worker_.view().nodes[connection.node()];
  if (connection.proved == 0 && node.sampled > connection.established()) connection.proved = node.incarnation;
  return connection.proved != 0;
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

void session::on_settings_applied(const wire::error* failed) {
  const auto alive = shared_from_this();
  if (failed == nullptr && pinned_) {
    stage_ = stage::ready;  // between two exchanges
  } else if (failed == nullptr) {
    go();
  } else if (pinned_) {
    return fatal(*failed);
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
  on_replica_ = work_->plan.on_replica;
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
