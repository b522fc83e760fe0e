#include "routing/decide.hpp"

#include <algorithm>
#include <chrono>

#include "routing/gate.hpp"
#include "routing/worth_waiting.hpp"

namespace highwater::routing {

namespace {

using config::level;

class read_decision {
public:
  read_decision(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
                std::uint32_t turn) noexcept
      : request_(request), need_(request.need), view_(view), loads_(loads), now_(now), balance_(loads, turn) {}

  plan decide();

private:
  void resolve_floors() noexcept;
  void look_at_replicas() noexcept;
  void look_at(node_index node) noexcept;
  bool covers_floor(const node_view& node, const read_target& to) const noexcept;
  bool within_bounds(const node_view& node) const noexcept;
  bool is_replica(node_index node) const noexcept;
  bool primary_usable() const noexcept;

  plan choose() const;
  plan fall_back() const;
  plan step(const config::stale_step& one, instant& waited_until) const;
  plan fall_back_to_primary() const;
  void leave_for(const plan& p) const noexcept;
  plan serve(node_index node, route_reason reason) const noexcept;
  plan wait_until(instant deadline) const noexcept;
  plan refuse() const noexcept;

  const read_request& request_;
  const requirement& need_;
  const cluster_view& view_;
  std::span<const node_load> loads_;
  instant now_;

  balance balance_;                     // over the replicas that are fresh enough
  node_index sticky_ = no_node;         // the one among them that the session has read from before
  node_index best_ = no_node;           // the usable replica that is furthest
  std::uint32_t replicas_ = 0;          // usable ones
  duration soonest_ = duration::max();  // what the quickest of them is expected to take
  bool floor_restarted_ = false;
  instant unresolved_since_ = never;  // the sample that the decision lacks
  bool replicas_do_ = false;          // ... of some replica, if not of the primary
  lsn lowest_floor_ = 0;              // the floor that is nearest to being reached, among resolved ones
};

// How long a read waits for an answer that a node owes before it makes do without.
constexpr auto patience = std::chrono::seconds(1);

plan await_node() noexcept {
  plan p;
  p.what = plan::action::await_node;
  return p;
}

plan await_proof(const shown_claim& lacking) noexcept {
  plan p;
  p.what = plan::action::await_proof;
  p.proof_of = lacking.by;
  p.best = lacking.node;
  p.since = lacking.since;
  return p;
}

bool primary_serves(const cluster_view& view, std::span<const node_load> loads) noexcept {
  return view.has_primary() && usable(view.nodes[view.primary], loads[view.primary]);
}

plan on(const cluster_view& view, node_index node) noexcept {
  plan p;
  p.what = plan::action::serve;
  p.reason = route_reason::write;
  p.node = node;
  p.incarnation = view.nodes[node].incarnation;
  p.on_replica = node != view.primary;
  p.node_at = view.nodes[node].replayed.at;
  return p;
}

bool read_decision::is_replica(node_index node) const noexcept {
  return node != request_.excluded && view_.nodes[node].role == node_role::replica && !loads_[node].drained &&
         usable(view_.nodes[node], loads_[node]);
}

bool read_decision::primary_usable() const noexcept {
  return primary_serves(view_, loads_);
}

void read_decision::resolve_floors() noexcept {
  const bool kept = resolve(request_.floors->written, view_);
  floor_restarted_ = !resolve(request_.floors->read_elsewhere, view_) || !kept;
}

bool read_decision::within_bounds(const node_view& node) const noexcept {
  if (need_.max_staleness.count() != 0) {
    const auto horizon = now_ - need_.max_staleness;
    const auto at = view_.history.covering(horizon);
    if (node.current_as_of < horizon && !(at && node.replayed.at >= *at)) return false;
  }
  if (need_.max_lag_bytes != 0) {
    // Against the newest sample of the primary, which is as old as the monitor's interval at most while there is one.
    if (!primary_usable()) return false;
    const lsn primary_at = view_.nodes[view_.primary].replayed.at;
    if (primary_at > node.replayed.at && primary_at - node.replayed.at > need_.max_lag_bytes) return false;
  }
  return true;
}

bool read_decision::covers_floor(const node_view& node, const read_target& to) const noexcept {
  return to.resolved && covers(node.replayed, {view_.system, view_.timeline, to.floor});
}

void read_decision::look_at(node_index node) noexcept {
  const auto& found = view_.nodes[node];
  ++replicas_;
  soonest_ = std::min(soonest_, expected(found, loads_[node]));
  if (best_ == no_node || found.replayed.at > view_.nodes[best_].replayed.at) best_ = node;
  const auto to = target_of(request_, view_, node);
  if (!to.resolved) {
    unresolved_since_ = std::max(unresolved_since_, to.since);
    replicas_do_ |= to.replicas_do;
    return;
  }
  if (lowest_floor_ == 0 || to.floor < lowest_floor_) lowest_floor_ = to.floor;
  if (!covers_floor(found, to) || !within_bounds(found)) return;
  if (never_goes_back(need_.level) && stays_on(*request_.floors, view_, node)) sticky_ = node;
  balance_.offer(node);
}

void read_decision::look_at_replicas() noexcept {
  for (node_index node = 0; node < view_.nodes.size() && sticky_ == no_node; ++node) {
    if (is_replica(node)) look_at(node);
  }
}

plan read_decision::serve(node_index node, route_reason reason) const noexcept {
  plan p;
  p.what = plan::action::serve;
  p.reason = reason;
  p.node = node;
  p.incarnation = view_.nodes[node].incarnation;
  p.on_replica = node != view_.primary;
  p.node_at = view_.nodes[node].replayed.at;
  p.best = best_;
  p.floor = p.on_replica ? target_of(request_, view_, node).floor : lowest_floor_;
  return p;
}

plan read_decision::wait_until(instant deadline) const noexcept {
  plan p;
  p.deadline = deadline;
  p.best = best_;
  p.replicas_do = replicas_do_;
  if (unresolved_since_ != never && lowest_floor_ == 0) {
    p.what = plan::action::await_sample;
    p.since = unresolved_since_;
  } else {
    p.what = plan::action::await_replay;
    p.floor = lowest_floor_;
    p.since = unresolved_since_;
  }
  return p;
}

plan read_decision::refuse() const noexcept {
  plan p;
  p.what = plan::action::fail;
  p.floor = lowest_floor_;
  p.since = unresolved_since_;
  p.best = best_;
  p.node_at = best_ == no_node ? 0 : view_.nodes[best_].replayed.at;
  return p;
}

// await_node: this step cannot be taken now.
plan read_decision::step(const config::stale_step& one, instant& waited_until) const {
  using kind = config::stale_step::kind;
  switch (one.what) {
    case kind::wait:
      waited_until += one.duration;
      return replicas_ != 0 && now_ < waited_until ? wait_until(waited_until) : await_node();
    case kind::wait_while_worth:
      waited_until += replicas_ == 0 ? duration(0) : worth_waiting(soonest_, view_, loads_);
      return replicas_ != 0 && now_ < waited_until ? wait_until(waited_until) : await_node();
    case kind::primary:
      return fall_back_to_primary();
    case kind::stale:
      return best_ == no_node || !need_.takes_stale ? await_node() : serve(best_, route_reason::stale);
    case kind::error:
      break;
  }
  return refuse();
}

// While the gate is closed the read waits; when that takes long, the steps behind this one are looked at first.
plan read_decision::fall_back_to_primary() const {
  if (!primary_usable()) return await_node();
  if (const auto lacking = closed_gate(need_.level, *request_.floors, request_.domain, view_)) {
    auto p = await_proof(*lacking);
    if (now_ < request_.arrived + patience) p.deadline = request_.arrived + patience;
    return p;
  }
  return serve(view_.primary, replicas_ == 0 ? route_reason::no_replica : route_reason::fallback);
}

plan read_decision::fall_back() const {
  instant waited_until = request_.arrived;
  auto last_resort = await_node();
  last_resort.best = best_;
  for (const auto& what : *need_.on_stale) {
    const auto p = step(what, waited_until);
    const bool closed_for_long = p.what == plan::action::await_proof && p.deadline == never;
    if (closed_for_long) last_resort = p;
    if (p.what != plan::action::await_node && !closed_for_long) return p;
  }
  // What is stale was all that the list had to offer, and is too little for who asked for more.
  if (best_ != no_node && names_stale(need_) && !need_.takes_stale && !may_use_primary(need_)) return refuse();
  return last_resort;
}

plan read_decision::choose() const {
  if (request_.conflicted && may_use_primary(need_) && primary_usable()) {
    return fall_back_to_primary();
  }
  if (sticky_ != no_node) return serve(sticky_, route_reason::sticky);
  if (balance_.chosen() != no_node) return serve(balance_.chosen(), route_reason::fresh);
  const bool sample_may_come = replicas_ != 0 && unresolved_since_ != never && (primary_usable() || replicas_do_) &&
                               now_ < request_.arrived + patience;
  if (asks_the_primary_first(need_.level) && sample_may_come) return wait_until(request_.arrived + patience);
  const auto p = fall_back();
  // A read is not refused for a floor that nobody has looked up.
  if (p.what == plan::action::fail && sample_may_come) return wait_until(request_.arrived + patience);
  return p;
}

// The bound is known now, and may not be when the node that was read from has died.
void read_decision::leave_for(const plan& p) const noexcept {
  auto& floors = *request_.floors;
  if (p.what != plan::action::serve || !p.on_replica || floors.read_on == no_node) return;
  if (stays_on(floors, view_, p.node)) return;
  const auto bound = bound_of(view_, floors.read_on, floors.read_incarnation, floors.read_here);
  if (bound) floors.leave(*bound, view_);
}

plan read_decision::decide() {
  if (need_.level == level::primary) {
    auto p = decide_write(request_, view_, loads_);
    p.reason = route_reason::level_primary;
    return p;
  }
  resolve_floors();
  look_at_replicas();
  auto p = choose();
  p.floor_restarted = floor_restarted_;
  leave_for(p);
  return p;
}

}  // namespace

plan decide_read(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
                 std::uint32_t turn) {
  return read_decision(request, view, loads, now, turn).decide();
}

plan decide_write(const read_request& request, const cluster_view& view, std::span<const node_load> loads) {
  if (!primary_serves(view, loads)) return await_node();
  const auto lacking = closed_gate(request.need.level, *request.floors, request.domain, view);
  return lacking ? await_proof(*lacking) : on(view, view.primary);
}

bool may_use_primary(const requirement& need) noexcept {
  const auto names_it = [](const config::stale_step& s) { return s.what == config::stale_step::kind::primary; };
  return need.level == level::primary || std::ranges::any_of(*need.on_stale, names_it);
}

plan decide_anywhere(const cluster_view& view, std::span<const node_load> loads, node_index excluded) {
  if (primary_serves(view, loads) && view.primary != excluded) return on(view, view.primary);
  for (node_index node = 0; node < view.nodes.size(); ++node) {
    if (usable(view.nodes[node], loads[node]) && !loads[node].drained && node != excluded) return on(view, node);
  }
  return await_node();
}

}  // namespace highwater::routing
