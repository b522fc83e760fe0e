#include "routing/decide.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace highwater::routing {

namespace {

using config::level;

// What one replica would have to have replayed; unresolved if the position of `since` is not known yet.
struct target {
  bool resolved = true;
  lsn floor = 0;
  instant since = never;

  void need(const std::optional<lsn>& at, instant event) noexcept {
    if (at) {
      floor = std::max(floor, *at);
    } else {
      resolved = false;
      since = std::max(since, event);
    }
  }
};

class reader {
 public:
  reader(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
         std::uint32_t tie)
      : request_(request), need_(request.need), view_(view), loads_(loads), now_(now), turn_(tie) {}

  plan decide();
  bool floor_restarted() const noexcept { return floor_restarted_; }

 private:
  void resolve_floors() noexcept;
  target target_of(node_index node) const noexcept;
  void add_session(target& to, node_index node) const noexcept;
  void add_domain(target& to, node_index node) const noexcept;
  void add_mark(target& to, const floor_mark& mark) const noexcept;
  bool covers_floor(node_index node, const target& to) const noexcept;
  bool within_bounds(const node_view& node) const noexcept;
  bool is_replica(node_index node) const noexcept;
  bool stays_on(node_index node) const noexcept;

  void look_at_replicas() noexcept;
  bool takes_over(node_index node) noexcept;
  bool resolves_first() const noexcept;
  plan serve(node_index node, route_reason reason) const noexcept;
  plan wait_until(instant deadline) const noexcept;
  plan fall_back() const;
  plan step(const config::stale_step& what, instant& waited_until) const;
  bool primary_usable() const noexcept;

  const read_request& request_;
  const requirement& need_;
  const cluster_view& view_;
  std::span<const node_load> loads_;
  instant now_;
  std::uint32_t turn_;

  node_index chosen_ = no_node;
  route_reason chosen_reason_ = route_reason::fresh;
  std::uint32_t equals_ = 0;         // how many have as little to do as the chosen one
  node_index best_ = no_node;        // the usable replica that is furthest
  std::uint32_t replicas_ = 0;       // usable ones
  bool floor_restarted_ = false;
  instant unresolved_since_ = never; // the sample that the decision lacks
  lsn lowest_floor_ = 0;             // the floor that is nearest to being reached, among resolved ones
};

bool reader::is_replica(node_index node) const noexcept {
  return node != request_.excluded && view_.nodes[node].role == node_role::replica &&
         usable(view_.nodes[node], loads_[node]);
}

bool reader::primary_usable() const noexcept {
  return view_.has_primary() && usable(view_.nodes[view_.primary], loads_[view_.primary]);
}

bool reader::stays_on(node_index node) const noexcept {
  const auto& floors = *request_.floors;
  return floors.read_on == node && floors.read_incarnation == view_.nodes[node].incarnation;
}

void reader::resolve_floors() noexcept {
  const bool kept = resolve(request_.floors->written, view_);
  floor_restarted_ = !resolve(request_.floors->read_elsewhere, view_) || !kept;
}

void reader::add_mark(target& to, const floor_mark& mark) const noexcept {
  if (mark.event != never) to.need(std::nullopt, mark.event);
  if (mark.known.at != 0) to.need(mark.known.at, never);
}

void reader::add_session(target& to, node_index node) const noexcept {
  const auto& floors = *request_.floors;
  if (sees_own_writes(need_.level)) add_mark(to, floors.written);
  if (!never_goes_back(need_.level)) return;
  add_mark(to, floors.read_elsewhere);
  if (floors.read_on != no_node && !stays_on(node)) {
    to.need(view_.history.covering(floors.read_here), floors.read_here);
  }
}

void reader::add_domain(target& to, node_index node) const noexcept {
  const auto& domain = *request_.domain;
  instant told = domain.written;
  for (node_index other = 0; other < domain.reads.size(); ++other) {
    const auto& reads = domain.reads[other];
    // What this very life of this node has shown before, it still has.
    const bool same_life = other == node && reads.incarnation == view_.nodes[node].incarnation;
    if (!same_life) told = std::max(told, reads.last);
  }
  if (told != never) to.need(view_.history.covering(told), told);
}

target reader::target_of(node_index node) const noexcept {
  target to;
  if (need_.level == level::strong) {
    to.need(view_.history.covering(request_.arrived), request_.arrived);
    return to;
  }
  add_session(to, node);
  if (need_.level == level::causal) add_domain(to, node);
  return to;
}

bool reader::within_bounds(const node_view& node) const noexcept {
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

bool reader::covers_floor(node_index node, const target& to) const noexcept {
  if (!to.resolved) return false;
  return covers(view_.nodes[node].replayed, {view_.system, view_.timeline, to.floor});
}

// The nearer zone first, then the least outstanding reads per weight. Of several with equally much to do, the turn chooses: the n-th of them replaces the
// choice so far in one of n turns, each by a digit of its own, which gives all of them the same share.
bool reader::takes_over(node_index node) noexcept {
  const auto cost = [&](node_index n) { return std::uint64_t{loads_[n].outstanding} + 1; };
  if (chosen_ != no_node && loads_[node].near != loads_[chosen_].near) {
    if (!loads_[node].near) return false;
  } else if (chosen_ != no_node) {
    const auto its = cost(node) * loads_[chosen_].weight;
    const auto best = cost(chosen_) * loads_[node].weight;
    if (its == best) {
      const auto digit = turn_ % ++equals_;
      turn_ /= equals_;
      return digit == 0;
    }
    if (its > best) return false;
  }
  equals_ = 1;
  return true;
}

void reader::look_at_replicas() noexcept {
  for (node_index node = 0; node < view_.nodes.size(); ++node) {
    if (!is_replica(node)) continue;
    ++replicas_;
    if (best_ == no_node || view_.nodes[node].replayed.at > view_.nodes[best_].replayed.at) best_ = node;
    const auto to = target_of(node);
    if (!to.resolved) {
      unresolved_since_ = std::max(unresolved_since_, to.since);
      continue;
    }
    if (lowest_floor_ == 0 || to.floor < lowest_floor_) lowest_floor_ = to.floor;
    if (!covers_floor(node, to) || !within_bounds(view_.nodes[node])) continue;
    const bool sticks = never_goes_back(need_.level) && stays_on(node);
    if (sticks) {
      chosen_ = node;
      chosen_reason_ = route_reason::sticky;
      return;
    }
    if (takes_over(node)) chosen_ = node;
  }
}

plan reader::serve(node_index node, route_reason reason) const noexcept {
  plan p;
  p.what = plan::action::serve;
  p.reason = reason;
  p.node = node;
  p.incarnation = view_.nodes[node].incarnation;
  p.node_at = view_.nodes[node].replayed.at;
  p.best = best_;
  p.floor = view_.nodes[node].role == node_role::replica ? target_of(node).floor : lowest_floor_;
  return p;
}

plan reader::wait_until(instant deadline) const noexcept {
  plan p;
  p.deadline = deadline;
  p.best = best_;
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

// Asking the primary where it is belongs to these two levels: without it hardly any of their reads could leave it.
bool reader::resolves_first() const noexcept {
  return need_.level == level::strong || need_.level == level::causal;
}

plan reader::step(const config::stale_step& what, instant& waited_until) const {
  using kind = config::stale_step::kind;
  plan nothing;
  nothing.what = plan::action::await_primary;
  switch (what.what) {
    case kind::wait:
      waited_until += what.duration;
      return replicas_ != 0 && now_ < waited_until ? wait_until(waited_until) : nothing;
    case kind::primary:
      if (!primary_usable()) return nothing;
      return serve(view_.primary, replicas_ == 0 ? route_reason::no_replica : route_reason::fallback);
    case kind::stale:
      return best_ == no_node ? nothing : serve(best_, route_reason::stale);
    case kind::error:
      break;
  }
  plan p;
  p.what = plan::action::fail;
  p.floor = lowest_floor_;
  p.since = unresolved_since_;
  p.best = best_;
  p.node_at = best_ == no_node ? 0 : view_.nodes[best_].replayed.at;
  return p;
}

plan reader::fall_back() const {
  instant waited_until = request_.arrived;
  for (const auto& what : *need_.on_stale) {
    const auto p = step(what, waited_until);
    if (p.what != plan::action::await_primary) return p;
  }
  plan p;
  p.what = plan::action::await_primary;
  p.best = best_;
  return p;
}

plan reader::decide() {
  if (need_.level == level::primary) {
    auto p = decide_write(view_);
    p.reason = route_reason::level_primary;
    return p;
  }
  resolve_floors();
  look_at_replicas();
  if (chosen_ != no_node) return serve(chosen_, chosen_reason_);
  constexpr auto patience = std::chrono::seconds(1);
  const bool sample_may_come = replicas_ != 0 && unresolved_since_ != never && primary_usable() &&
                               now_ < request_.arrived + patience;
  if (resolves_first() && sample_may_come) return wait_until(request_.arrived + patience);
  const auto p = fall_back();
  // A read is not refused for a floor that nobody has looked up.
  if (p.what == plan::action::fail && sample_may_come) return wait_until(request_.arrived + patience);
  return p;
}

}  // namespace

std::string_view to_string(route_reason reason) noexcept {
  switch (reason) {
    case route_reason::write:
      return "write";
    case route_reason::transaction:
      return "transaction";
    case route_reason::pinned:
      return "pinned";
    case route_reason::pipelined:
      return "pipelined";
    case route_reason::level_primary:
      return "level_primary";
    case route_reason::fresh:
      return "fresh";
    case route_reason::sticky:
      return "sticky";
    case route_reason::fallback:
      return "fallback";
    case route_reason::no_replica:
      return "no_replica";
    case route_reason::stale:
      return "stale";
  }
  return "";
}

std::string_view to_string(node_role role) noexcept {
  switch (role) {
    case node_role::primary:
      return "primary";
    case node_role::replica:
      return "replica";
    case node_role::unknown:
      break;
  }
  return "unknown";
}

bool usable(const node_view& node, const node_load& load) noexcept { return node.usable && node.sampled > load.suspect; }

plan decide_read(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
                 std::uint32_t tie) {
  reader one(request, view, loads, now, tie);
  auto p = one.decide();
  p.floor_restarted = one.floor_restarted();
  return p;
}

plan decide_write(const cluster_view& view) {
  plan p;
  p.reason = route_reason::write;
  if (!view.has_primary()) {
    p.what = plan::action::await_primary;
    return p;
  }
  p.what = plan::action::serve;
  p.node = view.primary;
  p.incarnation = view.nodes[view.primary].incarnation;
  p.node_at = view.nodes[view.primary].replayed.at;
  return p;
}

}  // namespace highwater::routing
