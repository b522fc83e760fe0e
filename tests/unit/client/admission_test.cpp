#include "proxy/client/admission.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using config::level;
using testing_support::client_batch;

batch_facts facts_of(const char* messages) {
  static sql::statement_cache cache;
  static const sql::catalog_ptr no_catalog;
  const client_batch batch(messages);
  batch_facts facts;
  char malformed = 0;
  examine(batch.scanner, batch.bytes, {cache, no_catalog}, facts, malformed);
  return facts;
}

standing without_lease() {
  standing where;
  where.most_prepared_bytes = 1'000;
  return where;
}
standing on_primary() {
  auto where = without_lease();
  where.leased = true;
  return where;
}
standing on_replica() {
  auto where = on_primary();
  where.on_replica = true;
  where.looked_at.level = level::session;
  return where;
}
// With a read under way.
standing busy(standing where) {
  where.busy = where.owed = true;
  return where;
}
// Within an exchange that no Sync has ended.
standing open(standing where) {
  where.busy = where.open = where.bound = true;
  return where;
}
template <class Change>
standing but(standing where, const Change& change) {
  change(where);
  return where;
}

demand at(level asked, bool shown = true) {
  demand made;
  made.need.level = asked;
  made.shown = shown;
  return made;
}

TEST(admission, says_where_a_batch_belongs) {
  using enum admission;
  struct row {
    const char *why, *messages;
    standing where;
    admission verdict;
  };
  const row rows[] = {
      {"a node is chosen", "Q select 1", without_lease(), place},
      {"a transaction that needs none yet, too", "Q begin", without_lease(), place},
      {"Highwater's own", "Q show highwater.level", without_lease(), answer_internal},
      {"nobody need be asked", "S", without_lease(), answer_sync},
      {"... for a Flush", "H", without_lease(), answer_sync},
      {"an empty Query is a server's", "Q ", without_lease(), place},
      {"it has a connection", "Q select 1", on_primary(), send},
      {"Highwater's own, on a connection", "Q show highwater.level", on_primary(), answer_internal},
      {"behind what runs on the primary", "Q delete from t", busy(on_primary()), join},
      {"a read behind reads on a replica", "Q select 1", busy(on_replica()), join},
      {"a write behind them: elsewhere", "Q delete from t", busy(on_replica()), wait},
      {"... but within their transaction", "Q delete from t", but(busy(on_replica()), [](auto& s) { s.bound = true; }),
       join},
      {"behind what was served stale", "Q select 1", but(busy(on_replica()), [](auto& s) { s.stale = true; }), wait},
      {"behind the end of a transaction there", "Q select 1",
       but(busy(on_replica()), [](auto& s) { s.only_reads = false; }), wait},
      {"behind a Flush that went as a Sync", "Q select 1",
       but(busy(on_primary()), [](auto& s) { s.hidden_sync = true; }), wait},
      {"names are being decided", "Q select 1", but(busy(on_primary()), [](auto& s) { s.decides_names = true; }), wait},
      {"it ends names itself", "Q deallocate all", busy(on_primary()), wait},
      {"settings are yet to be asked", "Q select 1",
       but(busy(on_primary()), [](auto& s) { s.settings_pending = true; }), wait},
      {"nothing comes before the Sync", "P - select 1|B -|E|S", open(on_primary()), join},
      {"COPY is under way", "Q select 1", but(busy(on_primary()), [](auto& s) { s.copying = true; }), wait},
      {"Highwater's own behind others", "Q show highwater.level", busy(on_primary()), wait},
      {"... where no Sync comes first", "Q show highwater.level", open(on_primary()), answer_internal},
      {"what may be refused waits for its turn", "Q set highwater.level to strong; select 1", busy(on_primary()), wait},
  };
  for (const auto& each : rows) {
    const auto verdict = admit(facts_of(each.messages), each.where, [] { return at(level::session); });
    EXPECT_EQ(verdict, each.verdict) << each.why;
  }
}

TEST(admission, asks_first_what_a_name_stands_for) {
  auto facts = facts_of("B s|E|S");
  facts.undecided = true;
  const auto need = [] { return at(level::session); };
  EXPECT_EQ(admit(facts, busy(on_primary()), need), admission::ask_for_answers);
  EXPECT_EQ(admit(facts, on_primary(), need), admission::send) << "it is decided by then";
}

TEST(admission, lets_no_read_follow_that_asks_for_more_than_its_replica_was_held_against) {
  struct row {
    level asked;
    admission verdict;
  };
  const row rows[] = {{level::eventual, admission::join},
                      {level::session, admission::join},
                      {level::causal, admission::wait},
                      {level::strong, admission::wait},
                      {level::primary, admission::wait}};
  for (const auto& each : rows) {
    EXPECT_EQ(admit(facts_of("Q select 1"), busy(on_replica()), [&] { return at(each.asked); }), each.verdict)
        << config::to_string(each.asked);
  }
}

// Rule 9.
TEST(admission, lets_nothing_follow_on_a_primary_that_does_not_show_what_it_has_to_act_on) {
  const auto closed = [] { return at(level::session, false); };
  EXPECT_EQ(admit(facts_of("Q delete from t"), busy(on_primary()), closed), admission::wait);
  EXPECT_EQ(admit(facts_of("Q delete from t"), but(busy(on_primary()), [](auto& s) { s.bound = true; }), closed),
            admission::join)
      << "its transaction has passed the gate";
}

TEST(refusal, is_what_no_server_may_get_to_see) {
  const auto read_only = but(on_replica(), [](auto& s) { s.in_read_only = true; });
  struct row {
    const char *why, *messages;
    standing where;
    std::string_view code;  // empty: it is let through
  };
  const row rows[] = {
      {"an ordinary read", "Q select 1", without_lease(), ""},
      {"settings of ours among others", "Q set highwater.level to strong; select 1", without_lease(), "0A000"},
      {"... where only a server would see them", "Q select set_config('highwater.level', 'strong', false)",
       without_lease(), "0A000"},
      {"too many prepared statements", "P s select 1|S",
       but(without_lease(), [](auto& s) { s.prepared_bytes = 1'000; }), "54000"},
      {"the unnamed one costs nothing", "P - select 1|S",
       but(without_lease(), [](auto& s) { s.prepared_bytes = 1'000; }), ""},
      {"what follows would have no place", "Q commit and chain", read_only, "0A000"},
      {"... on the primary it has", "Q commit and chain", on_primary(), ""},
      {"a transaction that no Sync ends", "P - select 1|B -|E|S", but(open(read_only), [](auto& s) { s.ends = true; }),
       "0A000"},
      {"more than its replica was held against", "Q /* highwater: level=strong */ select 1", read_only, "25001"},
      {"... where no transaction binds it there", "Q /* highwater: level=strong */ select 1", on_replica(), ""},
      {"less", "Q /* highwater: level=eventual */ select 1", read_only, ""},
      {"in its COMMIT it is too late for anything", "Q /* highwater: level=strong */ commit", read_only, ""},
      {"state that a replica would forget", "Q listen x", read_only, "25006"},
      {"... in a text with more", "Q prepare x as select 1; prepare y as select 2", read_only, "25006"},
      {"what it can prepare and run", "Q prepare x as select 1", read_only, ""},
      {"... not between two reads", "Q prepare x as select 1", on_replica(), "25006"},
      {"... and what it cannot", "Q prepare x as select pg_advisory_lock(1)", read_only, "25006"},
      {"a lock that holds there only", "Q select pg_advisory_xact_lock(1)", read_only, "25006"},
      {"only prepared, it does no harm", "P s listen x|S", read_only, ""},
  };
  for (const auto& each : rows) {
    const auto why = refusal(facts_of(each.messages), each.where);
    EXPECT_EQ(why ? why->code : "", each.code) << each.why;
  }
}

TEST(refusal, comes_when_the_answers_are_there_on_which_it_depends) {
  EXPECT_TRUE(may_be_refused(without_lease()));
  EXPECT_TRUE(may_be_refused(on_primary()));
  EXPECT_FALSE(may_be_refused(busy(on_primary())));
  EXPECT_TRUE(may_be_refused(open(on_primary())));
  EXPECT_FALSE(may_be_refused(but(on_primary(), [](auto& s) { s.copying = true; })));
}

}  // namespace
}  // namespace highwater::proxy
