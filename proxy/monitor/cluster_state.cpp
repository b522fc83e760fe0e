#include "proxy/monitor/cluster_state.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace highwater::proxy {

using routing::no_node;
using routing::node_index;
using routing::node_role;

cluster_state::cluster_state(std::size_t nodes) : members_(nodes) {
  view_.nodes.resize(nodes);
}

void cluster_state::began(node_index node, const node_identity& identity, routing::instant now) {
  auto& one = members_[node];
  one.identity = identity;
  one.timeline = identity.control_timeline;
  one.view = {};
  one.view.incarnation = next_incarnation_++;
  one.view.incarnation_began = now;
  one.alive = false;
  one.complained = false;
}

// A timeline never goes back: whoever is on an older one than the newest seen has been deposed, or has not caught up.
void cluster_state::follow_timeline(routing::timeline_id timeline) {
  if (timeline <= view_.timeline) return;
  view_.timeline = timeline;
  view_.history.clear();
}

bool cluster_state::belongs(const member& one) const noexcept {
  return view_.system == 0 || one.identity.system == view_.system;
}

void cluster_state::sampled(node_index node, const node_sample& sample) {
  auto& one = members_[node];
  one.alive = one.asked = true;
  one.timeline = std::max(one.timeline, sample.timeline);
  if (one.view.role == node_role::replica && sample.role == node_role::primary) {
    // Promoted over the same connection: a different life, with another history ahead of it.
    one.view.incarnation = next_incarnation_++;
    one.view.incarnation_began = sample.sent;
  }
  one.view.role = sample.role;
  one.view.sampled = sample.sent;
  one.view.received = sample.received;
  one.view.replayed = {one.identity.system, one.timeline, sample.at};
  if (belongs(one) && view_.system != 0) follow_timeline(one.timeline);
  elect();
  // The history is one node's: what a second claimant says of its own WAL covers nothing that happened on the first.
  if (view_.primary == node) view_.history.record(sample.sent, sample.at);
}

void cluster_state::lost(node_index node) {
  auto& one = members_[node];
  one.alive = false;
  one.asked = true;
  one.view = {};
}

bool cluster_state::follows(const member& one) const noexcept {
  return belongs(one) && one.timeline == view_.timeline;
}

// Rule 12: only the newest timeline's primary.
bool cluster_state::may_lead(const member& one) const noexcept {
  return view_.system != 0 && one.alive && one.view.role == node_role::primary && follows(one);
}

bool cluster_state::settled() const noexcept {
  return std::all_of(members_.begin(), members_.end(), [](const member& m) { return m.asked; });
}

// The one that more of the nodes have than any other; 0 if there is none.
std::uint64_t cluster_state::prevailing_system() {
  std::map<std::uint64_t, int> votes;
  for (const auto& one : members_) {
    if (one.identity.system != 0) ++votes[one.identity.system];
  }
  const auto fewer = [](const auto& left, const auto& right) { return left.second < right.second; };
  const auto most = std::max_element(votes.begin(), votes.end(), fewer);
  if (most == votes.end()) return 0;
  const auto as_many = [&](const auto& each) { return each.second == most->second; };
  if (std::count_if(votes.begin(), votes.end(), as_many) == 1) return most->first;
  if (!std::exchange(told_of_no_common_system_, true)) tell(cluster_news::kind::no_common_system, no_node);
  return 0;
}

// Which cluster this is, is decided once, and only after all have been asked: the first that answers may be a stray,
// and what it says would make the others strangers. It takes no primary to decide it, because reads can be served
// without one at the levels that need none.
void cluster_state::adopt_system() {
  if (view_.system != 0 || !settled()) return;
  view_.system = prevailing_system();
  if (view_.system == 0) return;
  for (const auto& one : members_) {
    if (belongs(one)) follow_timeline(one.timeline);
  }
}

void cluster_state::elect() {
  const auto before = view_.primary;
  const bool keeps = before != no_node && may_lead(members_[before]);
  if (!keeps) {
    // Two that both claim the newest timeline cannot be told apart from here, so neither is written to. The first that
    // answers may have been deposed, but nobody may lead before all have been asked: see adopt_system().
    const auto claims = std::count_if(members_.begin(), members_.end(), [&](const member& m) { return may_lead(m); });
    view_.primary = no_node;
    for (node_index node = 0; claims == 1 && node < members_.size(); ++node) {
      if (may_lead(members_[node])) view_.primary = node;
    }
  }
  if (view_.primary == before) return;
  if (before != no_node) tell(cluster_news::kind::primary_lost, before);
  if (view_.primary == no_node) return;
  tell(cluster_news::kind::primary_found, view_.primary);
  // What it said before it was elected counts from now on.
  const auto& chosen = members_[view_.primary].view;
  view_.history.record(chosen.sampled, chosen.replayed.at);
}

void cluster_state::judge(node_index node) {
  auto& one = members_[node];
  const bool leads = node == view_.primary;
  one.view.usable = one.alive && (leads || (one.view.role == node_role::replica && view_.system != 0 && follows(one)));
  if (one.view.usable && !leads) {
    // Rule 13: what it has replayed is at least as new as the newest sample of the primary that lies behind it.
    const auto as_of = view_.history.reached(one.view.replayed.at);
    if (as_of) one.view.current_as_of = std::max(one.view.current_as_of, *as_of);
  }
  if (one.view.usable != std::exchange(one.was_usable, one.view.usable)) {
    tell(one.view.usable ? cluster_news::kind::node_up : cluster_news::kind::node_down, node);
  }
  if (!one.alive || one.view.usable || one.complained || view_.system == 0) return;
  if (!belongs(one)) {
    one.complained = true;
    tell(cluster_news::kind::foreign_system, node);
  } else if (one.view.role == node_role::primary) {
    one.complained = true;
    tell(cluster_news::kind::old_primary, node);
  }
}

routing::cluster_view_ptr cluster_state::publish() {
  adopt_system();
  elect();
  for (node_index node = 0; node < members_.size(); ++node) {
    judge(node);
    view_.nodes[node] = members_[node].view;
  }
  view_.settled = settled();
  ++view_.version;
  return std::make_shared<const routing::cluster_view>(view_);
}

}  // namespace highwater::proxy
