#include "tests/simulation/world.hpp"

#include <algorithm>

namespace highwater::simulation {

world::world(schedule& when, chance& luck, const character& like)
    : when_(when), luck_(luck), like_(like), wal_(when, luck), servers_(like.nodes) {
  for (auto& one : servers_) one.started = one.recovered = ++clock_;
  servers_[primary_].primary = true;
  for (node_index node = 0; node < servers_.size(); ++node) follow(node);
  write_around();
}

glimpse world::read(node_index node) const {
  const auto& one = servers_[node];
  if (!leads(node)) return {seen_by(one), seen_by(one)};
  return {{wal_.complete(), wal_.branch()}, wal_.end()};
}

transaction_id world::begin(node_index node) {
  if (leads(node)) return wal_.begin();
  ++happened.astray_writes;
  return 0;
}

std::optional<world::commit_made> world::commit(transaction_id id) {
  if (!wal_.is_open(id)) return std::nullopt;
  commit_made made;
  made.takes = wal_.finish(id, true);
  made.at = wal_.end();
  shows_all();
  if (!like_.asynchronous || luck_.one_in(2)) wal_.flush();
  return made;
}

void world::roll_back(transaction_id id) {
  if (!wal_.is_open(id)) return;
  wal_.finish(id, false);
  shows_all();
}

void world::shows_all() noexcept {
  servers_[primary_].applied = servers_[primary_].published = wal_.inserted();
}

proxy::transaction_snapshot world::snapshot(node_index node) const {
  if (leads(node)) return wal_.shown_by_primary();
  proxy::transaction_snapshot shown;
  shown.xmax = wal_.highest(seen_by(servers_[node])) + 1;
  return shown;
}

bool world::calls_committed(node_index node, transaction_id id) const {
  return wal_.calls_committed(seen_by(servers_[node]), id);
}

bool world::streams(node_index node) const noexcept {
  const auto& one = servers_[node];
  return one.up && !one.primary && when_.now() >= one.deaf_until && servers_[primary_].up &&
         servers_[primary_].primary && one.branch == wal_.branch();
}

// One step of a replica's life: the position that it publishes trails what it shows by a step.
void world::follow(node_index node) {
  auto& one = servers_[node];
  if (one.up && !one.primary) {
    one.published = one.applied;
    receive(one);
    if (when_.now() >= one.paused_until) one.applied = std::min(one.received, one.applied + luck_.below(5'000));
    if (one.branch != wal_.branch()) change_branch(node);
    if (luck_.one_in(120)) {
      one.restart_point = one.published;
      one.control_timeline = timeline_of(node);
    }
  }
  if (one.primary && !leads(node)) one.published += 8 * luck_.below(20);  // WAL of its own
  when_.after(luck_.span(50, 900), [this, node] { follow(node); });
}

void world::receive(server& one) {
  const auto node = static_cast<node_index>(&one - servers_.data());
  if (streams(node)) one.received = std::min(wal_.flushed(), one.received + luck_.below(8'000));
}

// Who has replayed what is not part of the new history cannot follow it, and stands there until it is rewound.
void world::change_branch(node_index node) {
  auto& one = servers_[node];
  if (when_.now() < one.deaf_until || !servers_[primary_].up || !servers_[primary_].primary) return;
  if (wal_.surviving(seen_by(one)) == one.applied) {
    one.received = one.applied;
    one.branch = wal_.branch();
  } else if (luck_.one_in(60)) {
    ++happened.divergences;
    fall(node);
    rewind(node);
    return_rewound(node, luck_.span(500, 8'000));
  }
}

// Rule 17: somebody who does not go through the proxy.
void world::write_around() {
  if (servers_[primary_].up && servers_[primary_].primary) {
    const auto id = wal_.begin();
    if (luck_.one_in(4)) {
      end_later(id);
    } else {
      wal_.finish(id, true);
      shows_all();
    }
    // Or it is a commit that waits for nothing, and the WAL writer comes by later.
    if (!luck_.one_in(4)) wal_.flush();
  }
  when_.after(luck_.span(50, 3'000), [this] { write_around(); });
}

void world::end_later(transaction_id id) {
  when_.after(luck_.one_in(5) ? luck_.span(5'000, 60'000) : luck_.span(50, 3'000), [this, id] {
    if (!servers_[primary_].up || !servers_[primary_].primary || !wal_.is_open(id)) return;
    wal_.finish(id, !luck_.one_in(4));
    shows_all();
  });
}

}  // namespace highwater::simulation
