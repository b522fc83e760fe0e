#include "proxy/monitor/cluster_state.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace highwater::proxy {

using routing::no_node;
using routing::node_index;
using routing::node_role;

cluster_state::cluster_state(std::size_t nodes, const config::monitor& settings)
    : members_(nodes), proof_(nodes, {settings.min_gap, settings.interval}) {
  view_.nodes.resize(nodes);
}

void cluster_state::add(node_index node) {
  if (node >= members_.size()) {
    members_.resize(node + 1);
    view_.nodes.resize(node + 1);
    proof_.make_room(node + 1);
  }
  auto& one = members_[node];
  one.retired = one.view.retired = one.asked = false;
  one.view.started = 0;
  told_of_no_common_system_ = false;
}

// Who has led leads on, or nobody does, as long as it may be written to: that it is not is what the operator says now.
void cluster_state::retire(node_index node) {
  auto& one = members_[node];
  const auto started = one.view.started;
  lost(node);
  one.retired = one.view.retired = true;
  one.view.started = started;
  one.claims = 0;
  one.was_usable = one.complained = false;
  proof_.replica_began(node);
  told_of_no_common_system_ = false;
}

void cluster_state::began(node_index node, const node_identity& identity, routing::instant now) {
  auto& one = members_[node];
  const bool same_server = identity.started == one.identity.started && identity.recovered == one.identity.recovered &&
                           !identity.recovered.empty();
  if (!same_server && one.reached != 0) one.owes = one.reached;
  if (identity.system != one.identity.system) one.claims = 0;
  one.identity = identity;
  one.timeline = identity.control_timeline;
  forget_view(one);
  one.view.started = identity.started_us;
  one.view.incarnation = next_incarnation_++;
  one.view.incarnation_began = now;
  one.behind.begin_anew();
  one.alive = false;
  one.complained = false;
  proof_.replica_began(node);
}

// A timeline never goes back: whoever is on an older one than the newest seen has been deposed, or has not caught up.
void cluster_state::follow_timeline(routing::timeline_id timeline) {
  if (timeline <= view_.timeline) return;
  view_.timeline = timeline;
  view_.history.clear();
}

// What bounds the reads of sessions outlives what is known of the node.
void cluster_state::forget_view(member& one) {
  auto received = std::move(one.view.received_by);
  one.view = {};
  one.view.received_by = std::move(received);
}

// Rule 8. A replica that has crashed shows less than before, and may not be consistent before it is where it was. On
// another timeline it has been rewound, or made anew.
void cluster_state::note_reached(member& one, const node_sample& sample) {
  const bool elsewhere = one.reached_on < one.timeline;
  if (elsewhere || sample.role != node_role::replica) one.reached = one.owes = 0;
  // A timeline that is older than before: its control file lags, and it does not stream yet.
  if (sample.role != node_role::replica || one.timeline < one.reached_on) return;
  one.reached_on = one.timeline;
  one.reached = std::max({one.reached, sample.at, routing::normalise(sample.received, one.identity.wal)});
  if (sample.at >= one.owes) one.owes = 0;
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
  one.claims = sample.role == node_role::primary ? one.timeline : 0;
  one.view.sampled = sample.sent;
  one.view.received = sample.received;
  one.view.replayed = {one.identity.system, one.timeline, sample.at};
  note_reached(one, sample);
  if (belongs(one) && view_.system != 0) follow_timeline(one.timeline);
  elect();
  if (sample.received != 0 && follows(one)) {
    one.view.received_by.record(one.view.incarnation, sample.sent,
                                routing::normalise(sample.received, one.identity.wal));
  }
  // The history is one node's: what a second claimant says of its own WAL covers nothing that happened on the first.
  if (view_.primary == node) view_.history.record(sample.sent, sample.at);
  measure(node, sample);
  prove(node, sample);
}

void cluster_state::measure(node_index node, const node_sample& sample) {
  auto& one = members_[node];
  const auto took = sample.answered - sample.sent;
  auto& average = one.view.answers_in;
  average = average.count() == 0 ? took : average + (took - average) / 8;
  if (node == view_.primary) {
    for (auto& each : members_) each.behind.primary_at(sample.sent, sample.at, sample.flushed);
  } else if (sample.role == node_role::replica && follows(one)) {
    one.behind.replica_at(sample.sent, sample.answered, sample.at);
    one.view.catches_up_in = one.behind.expected();
  }
}

void cluster_state::prove(node_index node, const node_sample& sample) {
  const auto& one = members_[node];
  if (node == view_.primary) {
    if (std::exchange(proving_for_, one.view.incarnation) != one.view.incarnation) proof_.primary_began();
    proof_.primary_said(sample.sent, sample.snapshot_text, sample.snapshot, sample.census);
  } else if (sample.role == node_role::replica) {
    proof_.replica_said(node, sample.sent, follows(one) ? sample.at : 0, sample.committed);
  }
}

proof_question cluster_state::question(node_index node, routing::instant now) {
  return proof_.question(node, node == view_.primary, now);
}

proof_wish cluster_state::wish(node_index node, routing::instant now) const {
  return proof_.wish(node, node == view_.primary, now);
}

void cluster_state::lost(node_index node) {
  auto& one = members_[node];
  one.alive = false;
  one.asked = true;
  forget_view(one);
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
    if (one.identity.system != 0 && !one.retired) ++votes[one.identity.system];
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
    if (belongs(one) && !one.retired) follow_timeline(one.timeline);
  }
}

// By its last word, which counts although it does not answer now: it may go on being written to.
bool cluster_state::claims_to_lead(const member& one) const noexcept {
  return belongs(one) && one.claims != 0 && one.claims == view_.timeline;
}

// Two that both claim the newest timeline cannot be told apart from here, so neither is written to; but one that has
// led on it goes on leading, or nobody does, until it says that it is no primary: whoever takes over from it by the
// book is on a newer timeline, and what breaks may be only our connection to it. The first that answers may have been
// deposed, but nobody may lead before all have been asked: see adopt_system().
node_index cluster_state::chosen() const noexcept {
  if (led_on_ != 0 && led_on_ == view_.timeline && claims_to_lead(members_[led_]))
    return may_lead(members_[led_]) ? led_ : no_node;
  // One that has just been added may be on a newer timeline.
  if (!settled()) return no_node;
  const auto claims = [&](const member& one) { return claims_to_lead(one); };
  const auto first = std::find_if(members_.begin(), members_.end(), claims);
  if (first == members_.end() || std::count_if(members_.begin(), members_.end(), claims) != 1) return no_node;
  return may_lead(*first) ? static_cast<node_index>(first - members_.begin()) : no_node;
}

void cluster_state::elect() {
  const auto before = view_.primary;
  const bool keeps = before != no_node && may_lead(members_[before]);
  if (!keeps) view_.primary = chosen();
  if (view_.primary != before) {
    if (before != no_node) tell(cluster_news::kind::primary_lost, before);
    if (view_.primary != no_node) tell(cluster_news::kind::primary_found, view_.primary);
  }
  if (view_.primary == no_node) return;
  led_ = view_.primary;
  led_on_ = view_.timeline;
  begin_history(members_[view_.primary].view);
}

// What it said before it was elected counts from now on. What was said of a life before does not (rule 8): where that
// was, nobody may ever come.
void cluster_state::begin_history(const routing::node_view& primary) {
  if (std::exchange(view_.history_of, primary.incarnation) == primary.incarnation && !view_.history.empty()) return;
  for (auto& each : members_) each.behind.begin_anew();
  view_.history.clear();
  view_.history_began = primary.sampled;
  view_.history.record(primary.sampled, primary.replayed.at);
}

void cluster_state::judge(node_index node) {
  auto& one = members_[node];
  const bool leads = node == view_.primary;
  const bool follower = one.view.role == node_role::replica && view_.system != 0 && follows(one);
  one.view.usable = one.alive && (leads || (follower && one.owes == 0));
  if (one.view.usable && !leads) {
    // Rule 13: what it has replayed is at least as new as the newest sample of the primary that lies behind it.
    const auto as_of = view_.history.reached(one.view.replayed.at);
    if (as_of) one.view.current_as_of = std::max(one.view.current_as_of, *as_of);
  }
  if (one.view.usable != std::exchange(one.was_usable, one.view.usable)) {
    tell(one.view.usable ? cluster_news::kind::node_up : cluster_news::kind::node_down, node);
  }
  if (!one.alive || one.view.usable || one.complained || view_.system == 0) return;
  if (follower) {
    one.complained = true;
    tell(cluster_news::kind::catching_up, node);
  } else if (!belongs(one)) {
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
  // What is proved is proved for one life of the primary.
  const bool proved = view_.has_primary() && members_[view_.primary].view.incarnation == proving_for_;
  for (node_index node = 0; node < members_.size(); ++node) {
    judge(node);
    view_.nodes[node] = members_[node].view;
    if (proved) view_.nodes[node].shown_through = proof_.through(node);
    if (proved) view_.nodes[node].unshown = proof_.unshown(node);
  }
  view_.all_shown_through = proved ? proof_.through_all() : routing::never;
  view_.shown_at = proved ? proof_.at() : 0;
  view_.unshown = proved ? proof_.unshown() : 0;
  view_.settled = settled();
  ++view_.version;
  return std::make_shared<const routing::cluster_view>(view_);
}

}  // namespace highwater::proxy
