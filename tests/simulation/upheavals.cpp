// What happens to the servers of the world: crashes, and changes of the primary.

#include <algorithm>

#include "tests/simulation/world.hpp"

namespace highwater::simulation {

bool world::pause(node_index node) {
  if (servers_[node].primary || !servers_[node].up) return false;
  servers_[node].paused_until = when_.now() + luck_.span(1'000, 40'000);
  ++happened.pauses;
  return true;
}

bool world::deafen(node_index node) {
  if (servers_[node].primary || !servers_[node].up) return false;
  servers_[node].deaf_until = when_.now() + luck_.span(1'000, 40'000);
  ++happened.deafs;
  return true;
}

void world::fall(node_index node) {
  servers_[node].up = false;
  if (on_death) on_death(node);
}

// Rule 8: it comes back with less than it has shown.
bool world::crash(node_index node) {
  auto& one = servers_[node];
  if (one.primary || !one.up) return false;
  ++happened.crashes;
  fall(node);
  const auto had = one.applied;
  one.applied = luck_.between(std::min(one.restart_point, one.applied), one.applied);
  if (one.applied < had) ++happened.rewinds;
  one.published = one.received = one.restart_point = one.applied;
  come_back(node, luck_.span(200, 8'000));
  if (luck_.one_in(2)) one.paused_until = when_.now() + luck_.span(1'000, 150'000);
  return true;
}

void world::come_back(node_index node, microseconds later) {
  when_.after(later, [this, node] {
    auto& one = servers_[node];
    one.up = true;
    ++one.life;
    one.recovered = ++clock_;
    if (luck_.one_in(2)) one.started = ++clock_;
  });
}

bool world::restart_primary() {
  if (changing_ || contested() || !servers_[primary_].up) return false;
  ++happened.restarts;
  fall(primary_);
  if (wal_.flushed() != wal_.inserted()) {
    ++happened.tails_lost;
    const auto left = wal_.flushed();
    wal_.fork(left);
    timelines_.push_back(timelines_.back());
    servers_[primary_].branch = wal_.branch();
    if (on_loss) on_loss(left);
  }
  wal_.end_all();
  shows_all();
  come_back(primary_, luck_.span(200, 10'000));
  return true;
}

// A clean one: the old primary takes no more writes, and the new one has all that there is.
bool world::switch_over() {
  if (changing_ || contested() || !servers_[primary_].up || somebody_else() == routing::no_node) return false;
  changing_ = true;
  ++happened.switchovers;
  wal_.flush();
  servers_[primary_].primary = false;
  fall(primary_);
  // Its shutdown record has reached all that stream.
  auto& old = servers_[primary_];
  old.received = old.restart_point = old.published = old.applied;
  promote_when_caught_up();
  return true;
}

void world::promote_when_caught_up() {
  for (node_index node = 0; node < servers_.size(); ++node) {
    auto& one = servers_[node];
    if (node == primary_ || !one.up || one.branch != wal_.branch()) continue;
    one.received = wal_.inserted();  // from the old one, which waits for that before it ends
    if (one.applied != wal_.inserted()) continue;
    return_rewound(primary_, luck_.span(500, 20'000));
    return promote(node);
  }
  when_.after(microseconds(300), [this] { promote_when_caught_up(); });
}

node_index world::somebody_else() {
  const auto first = luck_.below(servers_.size());
  for (std::size_t each = 0; each < servers_.size(); ++each) {
    const auto node = static_cast<node_index>((first + each) % servers_.size());
    const auto& one = servers_[node];
    if (one.up && !one.primary && node != primary_ && one.branch == wal_.branch()) return node;
  }
  return routing::no_node;
}

// The primary has died, and whoever follows it may lack the end.
bool world::fail_over() {
  if (changing_ || contested() || !servers_[primary_].up) return false;
  const auto heir = somebody_else();
  if (heir == routing::no_node) return false;
  changing_ = true;
  ++happened.failovers;
  const auto old = primary_;
  fall(old);
  when_.after(luck_.span(500, 20'000), [this, old, heir] {
    const auto chosen = servers_[heir].up ? heir : somebody_else();
    if (chosen == routing::no_node) {  // then it is the old one again
      changing_ = false;
      wal_.end_all();
      return come_back(old, microseconds(200));
    }
    servers_[old].primary = false;
    promote(chosen);
    luck_.one_in(2) ? return_deposed(old) : return_rewound(old, luck_.span(2'000, 40'000));
  });
  return true;
}

// It replays all that it has received first.
void world::promote(node_index heir) {
  auto& one = servers_[heir];
  one.applied = one.received;
  const auto left = one.applied;
  if (left != wal_.inserted()) ++happened.writes_lost;
  wal_.fork(left);
  timelines_.push_back(timelines_.back() + 1);
  wal_.end_all();
  one.primary = true;
  one.branch = wal_.branch();
  one.control_timeline = timelines_.back();
  primary_ = heir;
  changing_ = false;
  if (on_loss) on_loss(left);
  wal_.append();
  wal_.flush();
  shows_all();
}

// What is not part of the history that has won goes.
void world::rewind(node_index node) {
  auto& one = servers_[node];
  const auto left = wal_.surviving({one.applied, one.branch});
  one.applied = luck_.between(std::min(one.restart_point, left), left);
  one.published = one.received = one.restart_point = one.applied;
  one.branch = wal_.branch();
  one.control_timeline = timeline_of(node);
  one.primary = false;
}

void world::return_rewound(node_index node, microseconds later) {
  when_.after(later, [this, node] {
    if (!servers_[node].up) rewind(node);
    come_back(node, microseconds(1));
  });
}

// Nobody has told it. It is fenced until the proxy knows better, as nobody could tell before (rule 18).
void world::return_deposed(node_index node) {
  when_.after(luck_.span(3'000, 30'000), [this, node] {
    if (changing_) return return_rewound(node, microseconds(500));  // somebody may be needed
    if (contested() || !is_known_to || !is_known_to(primary_)) return return_deposed(node);
    ++happened.deposed_returns;
    servers_[node].primary = true;
    come_back(node, microseconds(1));
    when_.after(luck_.span(5'000, 60'000), [this, node] {
      fall(node);
      return_rewound(node, luck_.span(500, 10'000));
    });
  });
}

// A second node is made a primary, by mistake, on a timeline of the same number. Whoever has seen the true one lead
// stays with that one; and whoever has not yet seen either writes to none.
bool world::contest() {
  const bool at_the_beginning = when_.now().time_since_epoch() == std::chrono::seconds(1);
  if (changing_ || contested() || !servers_[primary_].up) return false;
  if (!at_the_beginning && (!is_known_to || !is_known_to(primary_))) return false;
  claimant_ = somebody_else();
  if (claimant_ == routing::no_node) return false;
  if (at_the_beginning) return claim(), true;
  // What has been lost on its way to the true one before is found out first.
  when_.after(microseconds(15'000), [this] { is_known_to(primary_) ? claim() : give_up_claim(); });
  return true;
}

void world::claim() {
  auto& one = servers_[claimant_];
  if (!one.up) return give_up_claim();
  ++happened.contests;
  one.applied = one.received;
  one.published = one.applied + 200;  // its own records
  one.primary = true;
  when_.after(luck_.span(10'000, 60'000), [this] {
    const auto node = claimant_;
    fall(node);
    servers_[node].primary = false;
    return_rewound(node, luck_.span(500, 10'000));
    // Until everybody has found out.
    when_.after(microseconds(40'000), [this] { give_up_claim(); });
  });
}

}  // namespace highwater::simulation
