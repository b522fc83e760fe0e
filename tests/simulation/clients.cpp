#include "tests/simulation/clients.hpp"

#include <utility>

namespace highwater::simulation {

using config::level;
using routing::plan;

namespace {

using kind = config::stale_step::kind;
constexpr std::chrono::milliseconds a_moment{3};
constexpr std::chrono::milliseconds patience{200};

const config::stale_steps& some_stale_steps(chance& luck) {
  static const config::stale_steps choices[] = {
      {{kind::primary}},
      {{kind::primary}},
      {{kind::wait, a_moment}, {kind::primary}},
      {{kind::wait_while_worth}, {kind::primary}},
      {{kind::wait_while_worth}, {kind::error}},
      {{kind::wait, a_moment}, {kind::primary}, {kind::error}},
      {{kind::wait, a_moment}, {kind::error}},
      {{kind::error}},
      {{kind::wait, a_moment}, {kind::stale}},
  };
  return choices[luck.below(std::size(choices))];
}

}  // namespace

clients::clients(schedule& when, chance& luck, world& servers, const crowd& who)
    : when_(when),
      luck_(luck),
      servers_(servers),
      quiet_(who.quiet),
      checker_(who.size),
      domain_(servers.size(), when.now()),
      clients_(who.size),
      loads_(servers.size()),
      watcher_(when, luck, servers, [this] { view_changed(); }) {
  servers_.on_loss = [this](lsn left) {
    checker_.lost(left);
    for (auto& one : clients_) checker::lost(one.promised, left);
  };
  for (std::size_t one = 0; one < who.size; ++one) rest(one);
}

void clients::rest(std::size_t who) {
  clients_[who].waits = false;
  const bool long_one = luck_.one_in(quiet_ ? 2 : 10);
  when_.after(long_one ? luck_.span(1'000, 60'000) : luck_.span(1, 1'000), [this, who] { act(who); });
}

void clients::act(std::size_t who) {
  clients_[who].arrived = when_.now();
  clients_[who].reads = !luck_.one_in(5);
  begin(who);
}

void clients::begin(std::size_t who) {
  auto& one = clients_[who];
  ++(one.reads ? happened.reads : happened.writes);
  one.need = {};
  one.need.level = static_cast<level>(luck_.below(config::level_count));
  if (one.need.level == level::bounded) one.need.max_staleness = std::chrono::milliseconds(luck_.between(2, 30));
  one.need.on_stale = &some_stale_steps(luck_);
  one.promised = checker_.on_arrival(who, one.need.level, servers_.inserted());
  if (routing::minds_what_others_were_told(one.need.level)) domain_.snapshot(one.told);
  place(who);
}

void clients::place(std::size_t who) {
  auto& one = clients_[who];
  const auto& view = watcher_.view();
  one.decided = when_.now();
  routing::read_request request;
  request.need = one.need;
  request.arrived = one.arrived;
  request.floors = &one.floors;
  request.domain = &one.told;
  one.plan = one.reads ? routing::decide_read(request, view, loads_, when_.now(), turn_++)
                       : routing::decide_write(request, view, loads_);
  follow(who);
}

void clients::follow(std::size_t who) {
  auto& one = clients_[who];
  const auto& view = watcher_.view();
  switch (one.plan.what) {
    case plan::action::serve:
      one.waits = false;
      ++loads_[one.plan.node].outstanding;
      when_.after(luck_.travel(), [this, who] { clients_[who].reads ? run_read(who) : run_write(who); });
      return;
    case plan::action::await_sample:
    case plan::action::await_replay:
      wait(who, one.plan.deadline);
      if (one.plan.since != routing::never && view.has_primary()) watcher_.need_sample(view.primary, one.plan.since);
      for (node_index node = 0; one.plan.what == plan::action::await_replay && node < view.nodes.size(); ++node) {
        watcher_.need_position(node, std::max<lsn>(one.plan.floor, 1), one.plan.deadline);
      }
      return;
    case plan::action::await_proof: {
      ++happened.closed_gates;
      const auto limit = one.arrived + patience;
      if (when_.now() >= limit) {
        ++happened.given_up;
        return rest(who);
      }
      wait(who, one.plan.deadline == routing::never ? limit : std::min(limit, one.plan.deadline));
      return watcher_.need_proof(one.plan, when_.now());
    }
    case plan::action::await_node:
      if (when_.now() < one.arrived + patience) return wait(who, one.arrived + patience);
      ++happened.given_up;
      return rest(who);
    case plan::action::fail:
      ++happened.refused;
      return rest(who);
  }
}

void clients::wait(std::size_t who, instant deadline) {
  ++happened.waits;
  clients_[who].waits = true;
  if (std::exchange(clients_[who].timer_at, deadline) == deadline) return;
  when_.at(deadline, [this, who, deadline, begun = clients_[who].arrived] {
    const auto& one = clients_[who];
    if (one.waits && one.arrived == begun && one.timer_at == deadline) place(who);
  });
}

void clients::view_changed() {
  for (std::size_t who = 0; who < clients_.size(); ++who) {
    if (!clients_[who].waits) continue;
    // As a posted message: the view may be a newer one by then.
    when_.after(microseconds(1), [this, who, begun = clients_[who].arrived] {
      if (clients_[who].waits && clients_[who].arrived == begun) place(who);
    });
  }
}

void clients::run_read(std::size_t who) {
  const auto& p = clients_[who].plan;
  const auto saw = servers_.read(p.node, watcher_.life_of(p.incarnation));
  const bool on_primary = servers_.at(p.node).primary;
  when_.after(luck_.travel(), [this, who, saw, on_primary, then = when_.now()] {
    --loads_[clients_[who].plan.node].outstanding;
    if (!saw) return connection_broke(who);
    told_of_read(who, {servers_.kept(saw->complete, then), servers_.kept(saw->seen, then)}, on_primary);
  });
}

void clients::told_of_read(std::size_t who, const glimpse& saw, bool on_primary) {
  auto& one = clients_[who];
  note_told(who);
  const bool bounded = one.need.max_staleness.count() != 0;
  const lsn bound = bounded ? servers_.inserted_at(one.decided - one.need.max_staleness) : 0;
  if (on_primary) checker_.acted_on_primary(who, one.promised, saw.complete);
  checker_.told_of_read(who, one.promised, one.plan, on_primary, saw.seen, bound);
  rest(who);
}

void clients::run_write(std::size_t who) {
  const auto& p = clients_[who].plan;
  const auto commit = servers_.commit(p.node, watcher_.life_of(p.incarnation));
  if (commit) checker_.acted_on_primary(who, clients_[who].promised, commit->complete);
  // Rule 7: the answer may get lost, and the write has happened all the same.
  const bool lost = !commit || luck_.one_in(30);
  const auto takes = commit ? commit->takes : microseconds(0);
  when_.after(takes + luck_.travel(), [this, who, commit, lost] {
    auto& one = clients_[who];
    --loads_[one.plan.node].outstanding;
    if (commit) checker_.told_of_write(who, commit->at);
    one.floors.written.raise(when_.now());
    domain_.told_of_write(when_.now());
    if (!lost) {
      note_told(who);
      return rest(who);
    }
    if (commit) ++happened.unknown_commits;
    connection_broke(who);
  });
}

void clients::note_told(std::size_t who) {
  auto& one = clients_[who];
  one.floors.has_read(one.plan.node, one.plan.incarnation, when_.now(), one.plan.on_replica);
  domain_.told_of_read(one.plan.node, one.plan.incarnation, when_.now());
}

void clients::connection_broke(std::size_t who) {
  ++happened.broken_connections;
  const auto node = clients_[who].plan.node;
  loads_[node].suspect = when_.now();
  watcher_.need_sample(node, when_.now() + microseconds(1));
  if (!clients_[who].reads) return rest(who);
  place(who);
}

}  // namespace highwater::simulation
