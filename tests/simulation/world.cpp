#include "tests/simulation/world.hpp"

#include <algorithm>

namespace highwater::simulation {

world::world(schedule& when, chance& luck, std::size_t nodes) : when_(when), luck_(luck), servers_(nodes) {
  constexpr lsn start = 0x3000000;
  trace_.emplace_back(routing::never, start);
  flushed_ = start;
  for (auto& one : servers_) one.received = one.applied = one.published = one.restart_point = start;
  servers_[primary_].primary = true;
  for (node_index node = 0; node < nodes; ++node) follow(node);
  write_around();
  when_.after(luck_.span(5'000, 30'000), [this] { disturb(); });
}

lsn world::position_at(instant moment) const {
  const auto later =
      std::upper_bound(trace_.begin(), trace_.end(), moment, [](instant m, const auto& one) { return m < one.first; });
  return std::prev(later)->second;
}

lsn world::kept(lsn at, instant since) const {
  for (const auto& [when, left] : losses_) {
    if (when >= since) at = std::min(at, left);
  }
  return at;
}

lsn world::append() {
  const lsn end = inserted() + 8 * luck_.between(4, 100);
  trace_.emplace_back(when_.now(), end);
  servers_[primary_].applied = servers_[primary_].published = end;
  return end;
}

std::optional<commit_made> world::commit(node_index node, life_number life) {
  const auto& one = servers_[node];
  if (!one.up || one.life != life || !one.primary || switching_) return std::nullopt;
  commit_made made;
  made.complete = complete();
  made.takes = finish(begin(), true);
  made.at = inserted();
  flush();
  return made;
}

std::optional<glimpse> world::read(node_index node, life_number life) const {
  const auto& one = servers_[node];
  if (!one.up || one.life != life) return std::nullopt;
  return glimpse{one.primary ? complete() : one.applied, one.applied};
}

transaction_id world::begin() {
  running_[next_] = 0;
  return next_++;
}

// The record is in the WAL at once; until the transaction is off the primary's list it takes a moment, or a stall.
microseconds world::finish(transaction_id id, bool commits) {
  const auto at = append();
  const auto highest = records_.empty() ? id : std::max(id, records_.back().highest);
  records_.push_back({at, id, commits, highest});
  running_[id] = commits ? at : 0;
  const bool stalls = luck_.one_in(15);
  if (stalls) ++happened.stalls;
  const auto takes = stalls ? luck_.span(300, 12'000) : luck_.span(1, 150);
  when_.after(takes, [this, id, life = life_] {
    if (life == life_ && running_.erase(id) != 0) ended_ = std::max(ended_, id);
  });
  return takes;
}

// Somebody who takes an id and ends later.
void world::open_transaction() {
  open_.push_back(begin());
  when_.after(luck_.one_in(5) ? luck_.span(5'000, 60'000) : luck_.span(50, 3'000),
              [this, id = open_.back(), life = life_] {
                if (life == life_ && std::erase(open_, id) != 0 && servers_[primary_].up && !switching_)
                  finish(id, !luck_.one_in(4));
              });
}

// A primary that starts shows all that is in its WAL, and whatever was open is no more.
void world::end_all() {
  ++life_;
  running_.clear();
  open_.clear();
  // Ids that nothing in the WAL tells of are used again.
  if (!records_.empty()) next_ = records_.back().highest + 1;
  ended_ = next_ - 1;
}

lsn world::complete() const {
  lsn first = inserted() + 1;
  for (const auto& [id, at] : running_) {
    if (at != 0) first = std::min(first, at);
  }
  return first - 1;
}

proxy::transaction_snapshot world::snapshot(node_index node) const {
  const auto& one = servers_[node];
  proxy::transaction_snapshot shown;
  if (one.primary) {
    shown.xmax = ended_ + 1;
    for (const auto& [id, at] : running_) {
      if (id < shown.xmax) shown.running.push_back(id);
    }
    return shown;
  }
  const auto beyond = std::upper_bound(records_.begin(), records_.end(), one.applied,
                                       [](lsn at, const record& each) { return at < each.at; });
  shown.xmax = beyond == records_.begin() ? 1'000 : std::prev(beyond)->highest + 1;
  return shown;
}

bool world::calls_committed(node_index node, transaction_id id) const {
  const auto found =
      std::find_if(records_.rbegin(), records_.rend(), [&](const record& each) { return each.id == id; });
  return found != records_.rend() && found->committed && found->at <= servers_[node].applied;
}

std::vector<transaction_id> world::census(chance& luck) const {
  std::vector<transaction_id> all;
  for (const auto& [id, at] : running_) {
    if (at != 0 || luck.one_in(2)) all.push_back(id);
  }
  return all;
}

// One step of a replica's life: the position that it publishes trails what it shows by a step.
void world::follow(node_index node) {
  auto& one = servers_[node];
  const auto now = when_.now();
  if (one.up && !one.primary) {
    one.published = one.applied;
    const auto& source = servers_[primary_];
    if (now >= one.deaf_until && source.up) {
      one.received = std::min(flushed_, one.received + luck_.below(6'000));
      one.timeline = source.timeline;
    }
    if (now >= one.paused_until) one.applied = std::min(one.received, one.applied + luck_.below(5'000));
    if (luck_.one_in(120)) one.restart_point = one.published;
  }
  when_.after(luck_.span(20, 600), [this, node] { follow(node); });
}

// Rule 17: somebody who does not go through the proxy.
void world::write_around() {
  if (servers_[primary_].up && !switching_) {
    if (luck_.one_in(4)) {
      open_transaction();
    } else {
      finish(begin(), true);
    }
    // Or it is a commit that waits for nothing, and the WAL writer comes by later.
    if (!luck_.one_in(4)) flush();
  }
  when_.after(luck_.span(50, 3'000), [this] { write_around(); });
}

void world::disturb() {
  const auto node = static_cast<node_index>(luck_.below(servers_.size()));
  auto& one = servers_[node];
  const auto kind = luck_.below(20);
  if (!one.primary && one.up) {
    if (kind < 6) {
      one.paused_until = when_.now() + luck_.span(1'000, 40'000);
      ++happened.pauses;
    } else if (kind < 9) {
      one.deaf_until = when_.now() + luck_.span(1'000, 40'000);
    } else if (kind < 15) {
      crash(node);
    }
  } else if (kind < 6) {
    restart_primary();
  } else if (kind < 11) {
    begin_switchover();
  }
  when_.after(luck_.span(3'000, 40'000), [this] { disturb(); });
}

// Rule 8: it comes back with less than it has shown.
void world::crash(node_index node) {
  auto& one = servers_[node];
  ++happened.crashes;
  one.up = false;
  one.applied = luck_.between(one.restart_point, one.applied);
  one.published = one.received = one.restart_point = one.applied;
  come_back(node, luck_.span(200, 8'000));
  if (luck_.one_in(2)) one.paused_until = when_.now() + luck_.span(1'000, 150'000);
}

void world::come_back(node_index node, microseconds later) {
  when_.after(later, [this, node] {
    servers_[node].up = true;
    ++servers_[node].life;
  });
}

void world::restart_primary() {
  if (!servers_[primary_].up || switching_) return;
  ++happened.restarts;
  auto& one = servers_[primary_];
  one.up = false;
  if (flushed_ != inserted()) {
    ++happened.losses;
    trace_.emplace_back(when_.now(), flushed_);
    losses_.push_back(trace_.back());
    one.applied = one.published = flushed_;
    while (!records_.empty() && records_.back().at > flushed_) records_.pop_back();
    if (on_loss) on_loss(flushed_);
  }
  end_all();
  come_back(primary_, luck_.span(200, 10'000));
}

// A clean one: the old primary takes no more writes, and the new one has all that there is.
void world::begin_switchover() {
  if (!servers_[primary_].up || switching_) return;
  switching_ = true;
  flush();
  promote_somebody();
}

void world::promote_somebody() {
  const auto heir = std::find_if(servers_.begin(), servers_.end(), [&](const server& one) {
    return one.up && !one.primary && one.applied == inserted();
  });
  if (heir == servers_.end()) {
    when_.after(microseconds(300), [this] { promote_somebody(); });
    return;
  }
  auto& old = servers_[primary_];
  old.up = false;
  old.primary = false;
  old.received = old.restart_point = old.published = old.applied;
  come_back(primary_, luck_.span(500, 20'000));
  primary_ = static_cast<node_index>(heir - servers_.begin());
  heir->primary = true;
  heir->timeline = old.timeline + 1;
  switching_ = false;
  end_all();
  ++happened.switchovers;
  append();
}

}  // namespace highwater::simulation
