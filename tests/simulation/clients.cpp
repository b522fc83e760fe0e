#include "tests/simulation/clients.hpp"

#include <utility>

namespace highwater::simulation {

clients::clients(schedule& when, chance& luck, const character& like, world& servers)
    : when_(when),
      luck_(luck),
      like_(like),
      servers_(servers),
      charter_(luck),
      checker_(like.sessions, servers.history()),
      network_{when, luck, like, servers, checker_},
      domain_(servers.size(), when.now()),
      watcher_(when, luck, like, servers, [this] { view_published(); }),
      process_{network_, watcher_, domain_, charter_, {}, {}},
      clients_(like.sessions) {
  process_.answered = [this](std::size_t who, const batch& what, const outcome& of) { answered(who, what, of); };
  process_.ended = [this](std::size_t who) { ended(who); };
  servers_.on_loss = [this](lsn left) { checker_.lost(left); };
  servers_.is_known_to = [this](node_index node) { return watcher_.view()->primary == node; };
  servers_.on_death = [this](node_index node) {
    const auto life = servers_.at(node).life;
    for (auto& one : workers_) one->heard_of_death(node, life);
    if (luck_.one_in(2)) watcher_.heard_of_death(node, life);
  };
  for (std::size_t each = 0; each < like.workers; ++each) workers_.push_back(std::make_unique<worker>(process_));
  for (std::size_t who = 0; who < like.sessions; ++who) {
    sessions_.push_back(std::make_unique<session>(*workers_[who % like.workers], who));
    rest(who);
  }
}

void clients::view_published() {
  for (auto& one : workers_) one->published(watcher_.view());
}

void clients::rest(std::size_t who) {
  const bool long_one = luck_.one_in(like_.quiet ? 2 : 15);
  when_.after(long_one ? luck_.span(1'000, 60'000) : luck_.span(1, 600), [this, who, life = clients_[who].life] {
    if (clients_[who].life == life) act(who);
  });
}

void clients::act(std::size_t who) {
  auto& one = clients_[who];
  one.script.clear();
  one.next = 0;
  one.at_once = false;
  if (luck_.one_in(40)) {
    ++happened.levels_set;
    one.asked = luck_.one_in(3) ? std::nullopt : std::optional(static_cast<config::level>(luck_.below(8)));
    sessions_[who]->ask_for_level(one.asked);
  }
  write_script(one);
  say_next(who);
}

speech clients::some(deed what) {
  speech one{what, static_cast<std::uint8_t>(luck_.one_in(2) ? 0 : luck_.below(table_count))};
  if (!luck_.one_in(4)) one.hint = static_cast<config::level>(luck_.below(config::level_count));
  return one;
}

void clients::write_script(client& one) {
  const auto kind = luck_.below(20);
  if (kind < 9) {
    ++happened.single_reads;
    one.script.push_back(some(deed::read));
  } else if (kind < 13) {
    ++happened.single_writes;
    one.script.push_back(some(deed::write));
  } else if (kind < 17) {
    write_transaction(one, kind < 15);
  } else {
    write_pipeline(one);
  }
}

void clients::write_transaction(client& one, bool only_reads) {
  ++(only_reads ? happened.reading_transactions : happened.writing_transactions);
  one.script.push_back(some(only_reads ? deed::begin_read_only : deed::begin));
  for (auto more = luck_.between(0, 3); more > 0; --more) {
    one.script.push_back({!only_reads && luck_.one_in(2) ? deed::write : deed::read,
                          static_cast<std::uint8_t>(luck_.below(table_count))});
  }
  one.script.push_back({luck_.one_in(6) ? deed::roll_back : deed::commit});
  one.at_once = luck_.one_in(4);
}

void clients::write_pipeline(client& one) {
  ++happened.pipelines;
  for (auto more = luck_.between(2, 6); more > 0; --more)
    one.script.push_back(some(luck_.one_in(3) ? deed::write : deed::read));
  one.at_once = true;
}

void clients::say_next(std::size_t who) {
  auto& one = clients_[who];
  const auto life = one.life;
  do {
    say(who, one.script[one.next++]);
  } while (one.at_once && one.life == life && one.next < one.script.size());
}

void clients::say(std::size_t who, speech what) {
  ++operations_;
  ++clients_[who].pending;
  const auto due = owed(who, what);
  ++by_level[static_cast<std::size_t>(due.what.level)];
  sessions_[who]->receive({what, due});
}

// A transaction is placed once: what its first statement is owed, all of it is.
promise clients::owed(std::size_t who, const speech& what) {
  auto& one = clients_[who];
  if (what.what == deed::begin || what.what == deed::begin_read_only) {
    one.in_block = true;
    one.begun_at = what.hint ? what.hint : one.asked;
    one.block.reset();
    return checker_.on_arrival(who, charter_.of_transaction(one.begun_at));
  }
  if (!one.in_block) {
    const auto asked = what.hint ? what.hint : one.asked;
    return checker_.on_arrival(who, charter_.of_statement(what.table, asked));
  }
  if (!one.block) one.block = checker_.on_arrival(who, charter_.of_transaction(one.begun_at));
  auto due = *one.block;
  due.number = checker_.next_number();
  if (what.what == deed::commit || what.what == deed::roll_back) one.in_block = false;
  return due;
}

void clients::answered(std::size_t who, const batch& what, const outcome& of) {
  auto& one = clients_[who];
  --one.pending;
  if (of.failed) ++happened.errors;
  if (of.from == nullptr && of.failed) checker_.told_of_unknown(who);
  if (of.from != nullptr && of.from->seen) {
    ++happened.told_reads;
    checker_.told_of_read(
        who, what.owed, {*of.from->seen, of.from->complete, of.from->on_primary, of.from->early, of.stale, of.decided});
  }
  if (of.from != nullptr && of.from->commit) {
    ++happened.told_commits;
    checker_.told_of_write(who, *of.from->commit);
  }
  const bool still_speaks = one.at_once && one.next < one.script.size();
  if (one.pending != 0 || still_speaks) return;
  if (one.next >= one.script.size()) return rest(who);
  when_.after(luck_.span(1, 200), [this, who, life = one.life] {
    if (clients_[who].life == life) say_next(who);
  });
}

void clients::ended(std::size_t who) {
  auto& one = clients_[who];
  checker_.told_of_unknown(who);
  checker_.begins_anew(who);
  const auto life = one.life + 1;
  one = {};
  one.life = life;
  rest(who);
}

}  // namespace highwater::simulation
