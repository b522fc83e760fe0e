#include "proxy/client/attempt.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace highwater::proxy {

using routing::instant;
using routing::node_index;

namespace {

// Whoever should have answered may be dead.
constexpr std::chrono::milliseconds long_at_gate{30};
// Where the replicas can say it, the primary, which may be far away, is asked only if they take so long.
constexpr std::chrono::milliseconds replicas_alone{20};

}  // namespace

bool attempt::begin(instant now, routing::duration patience) noexcept {
  retried_ = std::exchange(retrying_, false);
  patience_ = patience;
  if (retried_) return false;
  arrived_ = now;
  excluded_ = routing::no_node;
  conflicted_ = false;
  return true;
}

void attempt::place(const subject& what, routing::session_floors& floors) noexcept {
  subject_ = what;
  floors_ = &floors;
  refused_.reset();
  at_gate_ = routing::never;
}

attempt::move attempt::next(const circumstances& at) {
  decide(at);
  return follow(at);
}

void attempt::decide(const circumstances& at) {
  if (subject_.anywhere) {
    plan_ = routing::decide_anywhere(at.view, at.loads, excluded_);
    return;
  }
  routing::read_request request;
  request.need = subject_.need;
  request.arrived = arrived_;
  request.floors = floors_;
  request.domain = &told_;
  request.excluded = excluded_;
  request.conflicted = conflicted_;
  plan_ = subject_.as_read ? routing::decide_read(request, at.view, at.loads, at.now, at.turn)
                           : routing::decide_write(request, at.view, at.loads);
}

attempt::move attempt::follow(const circumstances& at) {
  using action = routing::plan::action;
  questions_.clear();
  if (!at_gate()) at_gate_ = routing::never;
  switch (plan_.what) {
    case action::serve:
      return move::lease;
    case action::await_sample:
      ask_for_bounds(at);
      return wait_until(plan_.deadline);
    case action::await_replay:
      if (plan_.since != routing::never) ask_for_bounds(at);
      ask_for_positions(at);
      return wait_until(plan_.deadline);
    case action::await_proof:
      return wait_at_gate(at);
    case action::await_node:
      return wait_for_node(at);
    case action::fail:
      break;
  }
  return move::too_stale;
}

attempt::move attempt::wait_until(instant deadline) noexcept {
  deadline_ = deadline;
  return move::wait;
}

attempt::move attempt::wait_at_gate(const circumstances& at) {
  if (at.now >= limit()) return move::gate_closed;
  if (at_gate_ == routing::never) at_gate_ = at.now;
  questions_.push_back({question::kind::proof, plan_.best, plan_.since, 0, plan_.proof_of});
  // A node that does not answer is not waited for.
  if (at.now - at_gate_ >= long_at_gate) {
    questions_.push_back({question::kind::proof, routing::no_node, plan_.since, 0, routing::shown_by::anybody});
  }
  return wait_until(plan_.deadline == routing::never ? limit() : std::min(limit(), plan_.deadline));
}

// Somebody who logs in is told at once; a node that is only in doubt is asked first.
attempt::move attempt::wait_for_node(const circumstances& at) {
  const bool hopeless =
      subject_.greets && at.view.settled && std::ranges::none_of(at.view.nodes, &routing::node_view::usable);
  return hopeless || at.now >= limit() ? move::no_node : wait_until(limit());
}

void attempt::ask_for_bounds(const circumstances& at) {
  const bool replicas_only = plan_.replicas_do && at.now < arrived_ + replicas_alone;
  for (node_index node = 0; node < at.view.nodes.size(); ++node) {
    const bool is_primary = node == at.view.primary;
    const bool wanted = is_primary ? !replicas_only : plan_.replicas_do && at.view.nodes[node].usable;
    if (wanted) questions_.push_back({question::kind::sample, node, plan_.since});
  }
}

// Of the replicas that may be there in time; of the others, and who knows, once.
void attempt::ask_for_positions(const circumstances& at) {
  for (node_index node = 0; node < at.view.nodes.size(); ++node) {
    const auto& one = at.view.nodes[node];
    if (one.role != routing::node_role::replica || !one.usable) continue;
    if (one.catches_up_in <= plan_.deadline - arrived_) {
      const auto floor = std::max<routing::lsn>(plan_.floor, 1);
      questions_.push_back({question::kind::position, node, plan_.deadline, floor});
    } else if (one.sampled < arrived_) {
      questions_.push_back({question::kind::sample, node, arrived_});
    }
  }
}

// A replica that takes nobody in is no reason to fail a read that another node could serve. What it does not know yet,
// or knows otherwise, the other replicas may not know either.
bool attempt::turned_away(wire::error why, bool full) noexcept {
  if (!plan_.on_replica || excluded_ != routing::no_node) return false;
  exclude(plan_.node);
  refused_ = std::move(why);
  conflicted_ |= !full;
  return true;
}

// Rule 25. Another replica may serve; else one more connection is tried, for as long as the client may wait.
void attempt::stranger(wire::error why) noexcept {
  refused_ = std::move(why);
  const bool others_may = plan_.on_replica || subject_.greets;
  if (others_may && excluded_ == routing::no_node) exclude(plan_.node);
}

void attempt::refused_by(node_index node, wire::replica_refusal how, bool only_one) noexcept {
  exclude(node);
  if (how == wire::replica_refusal::shutdown) return;
  const bool read_only = how == wire::replica_refusal::read_only;
  conflicted_ = !read_only;
  learns_write_ = read_only && only_one;
}

bool attempt::has_elsewhere(wire::replica_refusal how, const circumstances& at) const noexcept {
  if (how != wire::replica_refusal::behind_ddl) return true;
  const auto primary = at.view.primary;
  return routing::may_use_primary(subject_.need) && at.view.has_primary() &&
         routing::usable(at.view.nodes[primary], at.loads[primary]);
}

}  // namespace highwater::proxy
