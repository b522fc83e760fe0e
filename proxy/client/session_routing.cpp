#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "proxy/client/gate_wait.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::plan;
using routing::route_reason;

namespace {

// Where the replicas can say it, the primary, which may be far away, is asked only if they take long.
void ask_for_bounds(const plan& what, routing::instant arrived, const routing::cluster_view& view, monitor& of) {
  constexpr std::chrono::milliseconds long_enough{20};
  const bool replicas_only = what.replicas_do && std::chrono::steady_clock::now() < arrived + long_enough;
  for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
    const bool wanted = node == view.primary ? !replicas_only : what.replicas_do && view.nodes[node].usable;
    if (wanted) of.need_sample(node, what.since);
  }
}

// Of the replicas that may be there in time; of the others, and who knows, once.
void ask_for_positions(const plan& what, routing::instant arrived, const routing::cluster_view& view, monitor& of) {
  for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
    const auto& one = view.nodes[node];
    if (one.role != routing::node_role::replica || !one.usable) continue;
    if (one.catches_up_in <= what.deadline - arrived) {
      of.need_position(node, std::max<routing::lsn>(what.floor, 1), what.deadline);
    } else if (one.sampled < arrived) {
      of.need_sample(node, arrived);
    }
  }
}

}  // namespace

void session::start_plan() {
  auto& now = *work_;
  now.need = kind_ && stage_ != stage::login ? required() : routing::requirement{};
  // Taken once: what others are told of while this batch waits does not bind it.
  if (routing::minds_what_others_were_told(now.need.level)) worker_.shared.domain.snapshot(now.told);
  if (kind_ && routing::sees_own_writes(now.need.level) && placed_read()) reads_after_writes_.reads();
  now.refused.reset();
  make_plan();
  follow_plan();
}

void session::make_plan() {
  auto& now = *work_;
  const auto& view = worker_.view();
  now.seen = view.version;
  if ((stage_ == stage::login && !keeps_one_server()) || begin_failed_) {
    now.plan = routing::decide_anywhere(view, worker_.loads, now.excluded);
    return;
  }
  routing::read_request request;
  request.need = now.need;
  request.arrived = now.arrived;
  request.floors = &floors_;
  request.excluded = now.excluded;
  request.conflicted = now.conflicted;
  request.domain = &now.told;
  if (stage_ == stage::login || !placed_read()) {
    now.plan = routing::decide_write(request, view, worker_.loads);
    return;
  }
  now.plan = routing::decide_read(request, view, worker_.loads, std::chrono::steady_clock::now(), worker_.turn++);
  if (now.plan.floor_restarted) {
    worker_.probe.floors_restarted.add();
    if (std::exchange(worker_.restarted_on, view.timeline) != view.timeline) {
      spdlog::warn(
          "floors of sessions lay on a timeline that has ended, or in WAL that a crash of the primary has taken; they "
          "begin anew on timeline {}",
          view.timeline);
    }
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
      ask_for_bounds(now.plan, now.arrived, view, worker_.shared.monitor);
      return await_view(now.plan.deadline);
    case plan::action::await_replay: {
      if (now.plan.since != routing::never) ask_for_bounds(now.plan, now.arrived, view, worker_.shared.monitor);
      ask_for_positions(now.plan, now.arrived, view, worker_.shared.monitor);
      return await_view(now.plan.deadline);
    }
    case plan::action::await_proof: {
      const auto moment = std::chrono::steady_clock::now();
      if (moment >= limit) return give_up_waiting();
      now.waiting.at_gate(moment, worker_.probe);
      worker_.shared.monitor.need_proof(now.plan.proof_of, now.plan.best, now.plan.since);
      // A node that does not answer is not waited for.
      if (now.waiting.long_at_gate(moment)) {
        worker_.shared.monitor.need_proof(routing::shown_by::anybody, routing::no_node, now.plan.since);
      }
      return await_view(now.plan.deadline == routing::never ? limit : std::min(limit, now.plan.deadline));
    }
    case plan::action::await_node: {
      // Somebody who logs in is told at once; a node that is only in doubt is asked first.
      const bool hopeless = stage_ == stage::login && view.settled &&
                            std::none_of(view.nodes.begin(), view.nodes.end(), [](const auto& n) { return n.usable; });
      if (hopeless || std::chrono::steady_clock::now() >= limit) return give_up_waiting();
      return await_view(limit);
    }
    case plan::action::fail:
      stop_waiting(false);
      return refuse_stale();
  }
}

void session::await_view(routing::instant deadline) {
  auto& now = *work_;
  if (now.plan.what != plan::action::await_proof) now.waiting.for_node(std::chrono::steady_clock::now(), worker_.probe);
  if (!std::exchange(now.awaiting_view, true)) {
    worker_.awaiting_view.push_back(now.view_place);
    worker_.view_reader.wait(true);
    if (stage_ != stage::login) stage_ = stage::awaiting_view;
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
    boost::asio::post(worker_.io, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->view_changed();
    });
  }
}

void session::stop_waiting(bool reached) {
  auto& now = *work_;
  worker_.timers.cancel(now.deadline);
  if (!std::exchange(now.awaiting_view, false)) return;
  const bool fell_back = now.plan.reason == route_reason::fallback || now.plan.reason == route_reason::stale;
  now.waiting.end(std::chrono::steady_clock::now(), reached && !fell_back, worker_.probe);
  now.view_place.unlink();
  if (!worker_.anybody_awaits_view()) worker_.view_reader.wait(false);
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

void session::replan() {
  make_plan();
  follow_plan();
}

// ... after an event of its own: what is planned may be an error, and there may be more to do behind it.
void session::replan_and_go_on() {
  replan();
  if (stage_ == stage::ready) process();
  settle();
}

void session::refuse_stale() {
  if (work_->refused) return answer_error(*work_->refused);
  worker_.probe.stale_errors.add();
  answer_error({std::string(wire::sqlstate::serialization_failure), "no node is fresh enough for this read",
                describe_distance(), "Try again, or let on_stale end in primary."});
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

void session::give_up_waiting() {
  stop_waiting(false);
  if (work_->plan.what == plan::action::await_proof) {
    worker_.probe.gate_timeouts.add();
    return answer_error(gate_stayed_closed(work_->plan, worker_.view(), worker_.shared.settings));
  }
  wire::error why{std::string(wire::sqlstate::cannot_connect_now), "no primary is known", "",
                  "Highwater goes on looking for one; /readyz and its log tell what each node answers."};
  if (stage_ == stage::login) {
    why.message = "no node of the cluster can be used";
  } else if (placed_read() && !routing::may_use_primary(work_->need)) {
    why.message = "no replica can be used, and on_stale does not let this read go to the primary";
    why.hint = "Let on_stale name primary for reads that must not fail with the replicas.";
  }
  answer_error(work_->refused.value_or(why));
}

void session::notify(wire::severity how, const wire::error& what) {
  std::string out;
  wire::write_notice(out, how, what);
  write_client(out);
}

}  // namespace highwater::proxy
