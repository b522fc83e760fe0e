#include "tests/simulation/clients.hpp"

#include <utility>

namespace highwater::simulation {

using config::level;
using proxy::attempt;

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
  auto& one = clients_[who];
  ++one.batch;
  one.looks_for.begin(when_.now(), patience);
  one.reads = !luck_.one_in(5);
  ++(one.reads ? happened.reads : happened.writes);
  attempt::subject what;
  what.as_read = one.reads;
  what.need.level = static_cast<level>(luck_.below(config::level_count));
  if (what.need.level == level::bounded) what.need.max_staleness = std::chrono::milliseconds(luck_.between(2, 30));
  what.need.on_stale = &some_stale_steps(luck_);
  one.promised = checker_.on_arrival(who, what.need.level, servers_.inserted());
  place(who, what);
}

// What others are told of from now on does not bind it.
void clients::place(std::size_t who, const attempt::subject& what) {
  auto& one = clients_[who];
  if (routing::minds_what_others_were_told(what.need.level)) domain_.snapshot(one.looks_for.told());
  one.looks_for.place(what, one.floors);
  look(who);
}

attempt::circumstances clients::circumstances() {
  return {watcher_.view(), loads_, when_.now(), turn_};
}

void clients::look(std::size_t who) {
  auto& one = clients_[who];
  one.decided = when_.now();
  const auto next = one.looks_for.next(circumstances());
  if (one.reads) ++turn_;
  if (one.looks_for.at_gate()) ++happened.closed_gates;
  switch (next) {
    using enum attempt::move;
    case lease:
      one.waits = false;
      ++loads_[one.looks_for.plan().node].outstanding;
      when_.after(luck_.travel(), [this, who] { clients_[who].reads ? run_read(who) : run_write(who); });
      return;
    case wait:
      one.looks_for.ask(watcher_);
      return await(who, one.looks_for.deadline());
    case too_stale:
      ++happened.refused;
      return rest(who);
    case gate_closed:
    case no_node:
      ++happened.given_up;
      return rest(who);
  }
}

void clients::await(std::size_t who, instant deadline) {
  ++happened.waits;
  clients_[who].waits = true;
  if (std::exchange(clients_[who].timer_at, deadline) == deadline) return;
  when_.at(deadline, [this, who, deadline, batch = clients_[who].batch] {
    const auto& one = clients_[who];
    if (one.waits && one.batch == batch && one.timer_at == deadline) look(who);
  });
}

void clients::view_changed() {
  for (std::size_t who = 0; who < clients_.size(); ++who) {
    if (!clients_[who].waits) continue;
    // As a posted message: the view may be a newer one by then.
    when_.after(microseconds(1), [this, who, batch = clients_[who].batch] {
      if (clients_[who].waits && clients_[who].batch == batch) look(who);
    });
  }
}

void clients::run_read(std::size_t who) {
  const auto& p = clients_[who].looks_for.plan();
  const auto saw = servers_.read(p.node, watcher_.life_of(p.incarnation));
  const bool on_primary = servers_.at(p.node).primary;
  when_.after(luck_.travel(), [this, who, saw, on_primary, then = when_.now()] {
    --loads_[clients_[who].looks_for.plan().node].outstanding;
    if (!saw) return connection_broke(who);
    told_of_read(who, {servers_.kept(saw->complete, then), servers_.kept(saw->seen, then)}, on_primary);
  });
}

void clients::told_of_read(std::size_t who, const glimpse& saw, bool on_primary) {
  auto& one = clients_[who];
  note_told(who);
  const bool bounded = one.looks_for.need().max_staleness.count() != 0;
  const lsn bound = bounded ? servers_.inserted_at(one.decided - one.looks_for.need().max_staleness) : 0;
  if (on_primary) checker_.acted_on_primary(who, one.promised, saw.complete);
  checker_.told_of_read(who, one.promised, one.looks_for.plan(), on_primary, saw.seen, bound);
  rest(who);
}

void clients::run_write(std::size_t who) {
  const auto& p = clients_[who].looks_for.plan();
  const auto commit = servers_.commit(p.node, watcher_.life_of(p.incarnation));
  if (commit) checker_.acted_on_primary(who, clients_[who].promised, commit->complete);
  // Rule 7: the answer may get lost, and the write has happened all the same.
  const bool lost = !commit || luck_.one_in(30);
  const auto takes = commit ? commit->takes : microseconds(0);
  when_.after(takes + luck_.travel(), [this, who, commit, lost] {
    auto& one = clients_[who];
    --loads_[one.looks_for.plan().node].outstanding;
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
  const auto& p = one.looks_for.plan();
  one.floors.has_read(p.node, p.incarnation, when_.now(), p.on_replica);
  domain_.told_of_read(p.node, p.incarnation, when_.now());
}

// Rule 15: a read of which nothing was told is tried once more, elsewhere.
void clients::connection_broke(std::size_t who) {
  ++happened.broken_connections;
  auto& one = clients_[who];
  const auto node = one.looks_for.plan().node;
  loads_[node].suspect = when_.now();
  watcher_.need_sample(node, when_.now() + microseconds(1));
  if (!one.reads || one.looks_for.retried()) return rest(who);
  ++happened.retries;
  one.looks_for.lost(node);
  one.looks_for.try_again();
  one.looks_for.begin(when_.now(), patience);
  attempt::subject what;
  what.as_read = true;
  what.need = one.looks_for.need();
  place(who, what);
}

}  // namespace highwater::simulation
