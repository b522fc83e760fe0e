#include "tests/simulation/world.hpp"

#include <algorithm>

namespace highwater::simulation {

world::world(schedule& when, chance& luck, std::size_t nodes) : when_(when), luck_(luck), servers_(nodes) {
  constexpr lsn start = 0x3000000;
  trace_.emplace_back(routing::never, start);
  for (auto& one : servers_) one.received = one.applied = one.published = one.restart_point = start;
  servers_[primary_].primary = true;
  for (node_index node = 0; node < nodes; ++node) follow(node);
  write_around();
  when_.after(luck_.span(5'000, 30'000), [this] { disturb(); });
}

lsn world::inserted_at(instant moment) const {
  const auto later =
      std::upper_bound(trace_.begin(), trace_.end(), moment, [](instant m, const auto& one) { return m < one.first; });
  return std::prev(later)->second;
}

lsn world::append() {
  const lsn end = inserted() + 8 * luck_.between(4, 100);
  trace_.emplace_back(when_.now(), end);
  servers_[primary_].applied = servers_[primary_].published = end;
  return end;
}

std::optional<lsn> world::commit(node_index node, life_number life) {
  const auto& one = servers_[node];
  if (!one.up || one.life != life || !one.primary || switching_) return std::nullopt;
  return append();
}

std::optional<lsn> world::read(node_index node, life_number life) const {
  const auto& one = servers_[node];
  if (!one.up || one.life != life) return std::nullopt;
  return one.applied;
}

// One step of a replica's life: the position that it publishes trails what it shows by a step.
void world::follow(node_index node) {
  auto& one = servers_[node];
  const auto now = when_.now();
  if (one.up && !one.primary) {
    one.published = one.applied;
    const auto& source = servers_[primary_];
    if (now >= one.deaf_until && source.up) {
      one.received = std::min(inserted(), one.received + luck_.below(6'000));
      one.timeline = source.timeline;
    }
    if (now >= one.paused_until) one.applied = std::min(one.received, one.applied + luck_.below(5'000));
    if (luck_.one_in(120)) one.restart_point = one.published;
  }
  when_.after(luck_.span(20, 600), [this, node] { follow(node); });
}

// Rule 17: somebody who does not go through the proxy.
void world::write_around() {
  if (servers_[primary_].up && !switching_) append();
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
  servers_[primary_].up = false;
  come_back(primary_, luck_.span(200, 10'000));
}

// A clean one: the old primary takes no more writes, and the new one has all that there is.
void world::begin_switchover() {
  if (!servers_[primary_].up || switching_) return;
  switching_ = true;
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
  ++happened.switchovers;
  append();
}

}  // namespace highwater::simulation
