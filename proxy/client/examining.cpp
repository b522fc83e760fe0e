#include "proxy/client/examining.hpp"

#include "proxy/client/conversation.hpp"
#include "routing/gate.hpp"

namespace highwater::proxy {

namespace {

void count_verdicts(conversation& talk) {
  const auto& facts = talk.work->facts;
  auto& probe = talk.worker.probe;
  probe.classify_hits.add(facts.hits);
  if (facts.parsed_texts == 0) return;
  probe.classify_misses.add(facts.parsed_texts);
  const auto took = std::chrono::steady_clock::now() - talk.work->attempt.arrived();
  for (unsigned each = 0; each < facts.parsed_texts; ++each) probe.parse_time.observe(took / facts.parsed_texts);
}

// A name of the batch was not in the catalogue: once for each of them, a newer one is asked for.
void ask_for_newer_catalogue(conversation& talk) {
  auto& database = talk.kind->database;
  if (!talk.work->facts.missed || database.catalog == database.missed_in) return;
  database.missed_in = database.catalog;
  talk.worker.shared.catalogs.missed(database.name);
}

}  // namespace

std::optional<char> look_at_batch(conversation& talk) {
  auto& now = *talk.work;
  auto& database = talk.kind->database;
  const bool has_bound = talk.has_bound();
  const examination by{database.statements, database.catalog, database.doubts.get(),     talk.client.prepared.get(),
                       talk.reads_texts(),  has_bound,        now.attempt.learns_write()};
  char malformed = 0;
  const auto look = [&] {
    const bool known = examine(now.inbox.batch(), talk.input(), by, now.facts, malformed);
    count_verdicts(talk);
    return known;
  };
  bool known = look();
  if (const auto place =
          known ? cut_where_names_are_decided(now.inbox.batch(), talk.input(), now.facts, by) : std::nullopt) {
    now.inbox.cut_behind(*place);
    now.cut_here = true;
    known = look();
  }
  if (!known) return malformed;
  ask_for_newer_catalogue(talk);
  return std::nullopt;
}

demand demands(conversation& talk, const standing& where) {
  demand asked{talk.placed().required(), false};
  if (where.on_replica || where.bound) return asked;
  auto& worker = talk.worker;
  auto& told = worker.told_scratch;
  if (routing::minds_what_others_were_told(asked.need.level)) worker.shared.domain.snapshot(told);
  asked.shown = !routing::closed_gate(asked.need.level, talk.client.floors, &told, worker.view());
  return asked;
}

sql::login_change wanted_logins(const conversation& talk) {
  sql::login_change wanted;
  const auto& facts = talk.work->facts;
  for (const auto& one : facts.statements) {
    if (facts.executes) wanted.add(one.statement->logins);
  }
  return wanted;
}

bool reads_sequences(const conversation& talk) {
  if (!talk.work) return false;
  const auto& facts = talk.work->facts;
  return facts.executes && facts.any([](const sql::statement& one) { return one.reads_sequences; });
}

}  // namespace highwater::proxy
