#include "proxy/client/exchange.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using sql::pin_reason;
using testing_support::client_batch;

// A session that has leased a connection, and sends one batch.
class an_exchange : public testing::Test {
protected:
  an_exchange() { one.begin(server, nullptr, load); }

  batch_facts facts_of(const char* messages) {
    const client_batch batch(messages);
    batch_facts facts;
    char malformed = 0;
    examine(batch.scanner, batch.bytes, {cache, no_catalog}, facts, malformed);
    return facts;
  }
  flight flight_of(const char* messages, bool deferred = false, bool retried = false) {
    return one.flight_of(facts_of(messages), deferred, retried);
  }
  void send(const char* messages) {
    const auto facts = facts_of(messages);
    const auto under_way = one.flight_of(facts, false, false);
    one.note_effects(facts, client, false, under_way.no_ready, {cache, no_catalog});
    one.note_sent(facts);
    one.take_off(under_way);
  }

  sql::statement_cache cache;
  sql::catalog_ptr no_catalog;
  metrics::worker_probe probe{{3, 8, 10, 12, 6}};
  server_session server{1};
  routing::node_load load;
  client_state client;
  exchange one{probe};
};

TEST_F(an_exchange, knows_whether_a_statement_is_a_transaction_of_its_own) {
  std::string out;
  server.add_hidden_query("discard sequences", out);
  send("Q discard all");
  EXPECT_TRUE(one.alone) << "what is asked for its sake is none of the client's";
  send("Q discard all");
  EXPECT_FALSE(one.alone) << "behind another one";
}

TEST_F(an_exchange, tells_what_a_batch_is_on_its_way) {
  struct row {
    const char *why, *messages;
    bool on_replica, writes, ends, retryable;
  };
  const row rows[] = {
      {"a read on a replica may be tried elsewhere", "Q select 1", true, false, false, true},
      {"on the primary it is not", "Q select 1", false, false, false, false},
      {"a write", "Q delete from t", false, true, false, false},
      {"nothing writes on a replica", "Q delete from t", true, false, false, false},
      {"what ends a transaction", "Q commit", false, false, true, false},
      {"several in one text may have one of their own", "Q delete from t; select 1", false, true, true, false},
  };
  for (const auto& each : rows) {
    one.held.on_replica = each.on_replica;
    const auto found = flight_of(each.messages);
    EXPECT_EQ(found.writes, each.writes) << each.why;
    EXPECT_EQ(found.ends, each.ends) << each.why;
    EXPECT_EQ(found.retryable, each.retryable) << each.why;
  }
}

TEST_F(an_exchange, tries_no_read_again_that_is_not_alone) {
  one.held.on_replica = true;
  EXPECT_TRUE(flight_of("Q select 1").retryable);
  EXPECT_FALSE(flight_of("Q select 1", true).retryable) << "a BEGIN goes in front";
  EXPECT_FALSE(flight_of("Q select 1", false, true).retryable) << "it has been tried again";
  one.held.in_read_only = true;
  EXPECT_FALSE(flight_of("Q select 1").retryable) << "within a transaction";
  one.held.in_read_only = false;
  one.flights.push({});
  server.expect({wire::reply_kind::query});
  EXPECT_FALSE(flight_of("Q select 1").retryable) << "behind what is not tried again";
  one.flights.back().retryable = true;
  EXPECT_TRUE(flight_of("Q select 1").retryable);
}

TEST_F(an_exchange, ends_what_a_transaction_has_written_with_its_commit) {
  EXPECT_FALSE(flight_of("Q commit").writes);
  send("Q delete from t");
  EXPECT_TRUE(flight_of("Q commit").writes);
  EXPECT_TRUE(one.may_have_written());
}

TEST_F(an_exchange, answers_parts_with_the_next_ready_for_query) {
  flight part, end;
  part.writes = part.schema = part.no_ready = true;
  end.reads = true;
  one.take_off(part);
  one.take_off(end);
  ASSERT_EQ(one.flights.size(), 1U);
  EXPECT_TRUE(one.flights.front().writes);
  EXPECT_TRUE(one.flights.front().schema);
  EXPECT_FALSE(one.flights.front().reads);
}

TEST_F(an_exchange, pins_what_cannot_move) {
  struct row {
    const char* messages;
    pin_reason why;
  };
  const row rows[] = {
      {"Q listen x", pin_reason::listen},
      {"Q create temporary table x (n int)", pin_reason::temporary_table},
      {"Q prepare p as select 1", pin_reason::prepared_statement},
      {"F 999999", pin_reason::stateful_function},
  };
  for (const auto& each : rows) {
    one.unpin();
    send(each.messages);
    EXPECT_TRUE(one.held.pins.has(each.why)) << each.messages;
    EXPECT_TRUE(one.bound()) << each.messages;
  }
  one.unpin();
  send("Q select 1");
  EXPECT_FALSE(one.held.pins.any());
}

TEST_F(an_exchange, counts_a_pinned_session_once) {
  one.pin(pin_reason::listen);
  one.pin(pin_reason::listen);
  one.pin(pin_reason::hold_cursor);
  EXPECT_EQ(probe.pinned_sessions.value(), 1);
  EXPECT_EQ(probe.pins(static_cast<std::size_t>(pin_reason::listen)), 1);
  one.end();
  EXPECT_EQ(probe.pinned_sessions.value(), 0);
}

TEST_F(an_exchange, gives_everything_back_at_its_end) {
  EXPECT_EQ(load.outstanding, 1U);
  unsigned told = 0;
  one.pin(pin_reason::listen);
  one.held.copy_in = one.held.in_read_only = one.held.begin_unanswered = one.held.ends_names = true;
  one.cancel_over.push_back([&] { ++told; });
  one.end();
  EXPECT_FALSE(one.leased());
  EXPECT_EQ(load.outstanding, 0U);
  EXPECT_EQ(told, 1U) << "there is nothing left that a cancel request could hit";
  EXPECT_FALSE(one.held.pins.any() || one.held.copy_in || one.held.in_read_only || one.held.begin_unanswered ||
               one.held.ends_names);
  one.begin(server, nullptr, load);
  EXPECT_FALSE(one.bound());
}

// Whoever has the client's batches may have to try them again, or tell the client what has become of them.
TEST_F(an_exchange, keeps_what_has_to_be_answered_whatever_becomes_of_the_connection) {
  send("Q create table x (n int)");
  one.own_failure = "why";
  one.end();
  EXPECT_EQ(one.flights.size(), 1U);
  EXPECT_TRUE(one.may_have_written());
  EXPECT_TRUE(one.touched.any());
  EXPECT_EQ(one.own_failure, "why");
  one.begin(server, nullptr, load);
  send("Q set search_path to x");
  one.end();
  EXPECT_TRUE(one.changes.pending());
  one.begin(server, nullptr, load);
}

TEST_F(an_exchange, is_bound_as_long_as_its_client_waits_for_what_is_being_asked) {
  EXPECT_FALSE(one.bound());
  one.held.ready_held = true;
  EXPECT_TRUE(one.bound()) << "nobody else would send that ReadyForQuery";
}

TEST_F(an_exchange, soils_what_nobody_else_shall_meet) {
  struct row {
    const char* messages;
    bool soiled, for_good;
  };
  const row rows[] = {
      {"Q select 1", false, false},
      {"Q do $$begin end$$", true, false},
      {"Q load 'x'", true, true},
      {"Q nonsense", true, false},
  };
  for (const auto& each : rows) {
    server_session fresh(1);
    one.end();
    one.begin(fresh, nullptr, load);
    send(each.messages);
    EXPECT_EQ(fresh.is_soiled(), each.soiled) << each.messages;
    EXPECT_EQ(fresh.is_soiled_for_good(), each.for_good) << each.messages;
    one.end();
    one.begin(server, nullptr, load);
  }
}

TEST_F(an_exchange, does_not_know_what_has_become_of_a_write) {
  EXPECT_FALSE(one.outcome_unknown());
  send("Q delete from t");
  EXPECT_TRUE(one.outcome_unknown()) << "it commits by itself";
  one.held.begin_unanswered = true;
  EXPECT_FALSE(one.outcome_unknown()) << "without its COMMIT it has not happened";
  send("Q commit");
  EXPECT_TRUE(one.outcome_unknown());
}

TEST_F(an_exchange, forgets_a_transaction_with_its_end) {
  one.held.in_read_only = one.held.settings_unknown = one.held.wrote = one.held.unreadable = true;
  EXPECT_FALSE(one.transaction_over());
  EXPECT_FALSE(one.held.in_read_only || one.held.settings_unknown || one.held.wrote || one.held.unreadable);
  one.held.batch_failed = true;
  EXPECT_TRUE(one.transaction_over());
  EXPECT_FALSE(one.transaction_over()) << "the next one is another";
  one.held.rolled_back = true;
  EXPECT_TRUE(one.transaction_over());
}

TEST_F(an_exchange, knows_what_stands_for_a_statement_as_long_as_it_has_the_connection) {
  one.note_stand_in(7, "mine");
  one.forget_portals_of_the_past();
  ASSERT_NE(one.stands_for(7), nullptr);
  EXPECT_EQ(*one.stands_for(7), "mine") << "the client's unnamed statement may name it";
  EXPECT_EQ(one.stands_for(8), nullptr);
  for (statement_id id = 100; id < 200; ++id) one.note_stand_in(id, "other");
  EXPECT_NE(one.stands_for(199), nullptr);
  EXPECT_EQ(one.stands_for(7), nullptr) << "they are bounded";
  one.end();
  EXPECT_EQ(one.stands_for(199), nullptr);
  one.begin(server, nullptr, load);
}

TEST_F(an_exchange, notes_what_what_it_sets_may_hide) {
  send("Q set local standard_conforming_strings = off");
  EXPECT_TRUE(one.held.unreadable);
  EXPECT_TRUE(one.held.settings_unknown);
}

}  // namespace
}  // namespace highwater::proxy
