#include "proxy/client/batch_facts.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using sql::statement_kind;
using testing_support::client_batch;
using enum sql::statement_kind;

const sql::catalog_ptr no_catalog;

struct looked_at {
  explicit looked_at(const char* messages, const prepared_names* names = nullptr) : batch(messages) {
    known = examine(batch.scanner, batch.bytes, by(names), facts, malformed);
  }
  examination by(const prepared_names* names) { return {cache, no_catalog, nullptr, names, reads, true, false}; }

  client_batch batch;
  sql::statement_cache cache;
  batch_facts facts;
  bool known = false;
  bool reads = true;
  char malformed = 0;
};

TEST(batch_facts, say_what_a_batch_is) {
  struct row {
    const char *why, *messages;
    statement_kind kind;
  };
  const row rows[] = {
      {"a read", "Q select 1", read},
      {"a write", "Q insert into t values (1)", write},
      {"nothing", "S", empty},
      {"it is prepared and run", "P - select 1|B -|E|S", read},
      {"it is only prepared", "P s insert into t values (1)|S", write},
      {"several reads", "P a select 1|B a|E|P b select 2|B b|E|S", read},
      {"one of them writes", "P a select 1|B a|E|P b delete from t|B b|E|S", write},
      {"a portal of which nothing is known", "E|S", write},
      {"... bound before this batch", "P - select 1|E p|S", write},
      {"a statement of which nothing is known", "B who|E|S", write},
      {"no Sync has ended it", "P - select 1|B -|E|H", write},
      {"it only prepares, and waits for that", "P s select 1|H", read},
      {"a function by its number", "F 1", write},
      {"it opens a transaction", "Q begin", begin},
      {"it is about Highwater", "Q show highwater.level", internal},
  };
  for (const auto& each : rows) {
    const looked_at it(each.messages);
    ASSERT_TRUE(it.known) << each.why;
    EXPECT_EQ(it.facts.kind, each.kind) << each.why;
  }
}

TEST(batch_facts, tell_what_is_run_from_what_is_prepared) {
  EXPECT_FALSE(looked_at("P s delete from t|S").facts.executes);
  EXPECT_FALSE(looked_at("P s delete from t|S").facts.may_write());
  EXPECT_TRUE(looked_at("P s delete from t|B s|E|S").facts.may_write());
  EXPECT_FALSE(looked_at("Q select 1").facts.may_write());
  EXPECT_TRUE(looked_at("E p|S").facts.may_write()) << "nobody knows";
  EXPECT_TRUE(looked_at("P s select 1|S").facts.parses);
  EXPECT_FALSE(looked_at("P s select 1|S").facts.parses_unnamed);
  EXPECT_TRUE(looked_at("P - select 1|S").facts.parses_unnamed);
  EXPECT_GT(looked_at("P s select 1|S").facts.named_bytes, 0U);
  EXPECT_EQ(looked_at("P - select 1|S").facts.named_bytes, 0U);
  EXPECT_TRUE(looked_at("S").facts.lone);
  EXPECT_FALSE(looked_at("H").facts.executes);
}

TEST(batch_facts, count_what_the_parser_had_to_do) {
  sql::statement_cache cache;
  const client_batch batch("Q select 1");
  batch_facts facts;
  char malformed = 0;
  const examination by{cache, no_catalog};
  examine(batch.scanner, batch.bytes, by, facts, malformed);
  EXPECT_EQ(facts.parsed_texts, 1U);
  examine(batch.scanner, batch.bytes, by, facts, malformed);
  EXPECT_EQ(facts.parsed_texts, 0U);
  EXPECT_EQ(facts.hits, 1U);
}

TEST(batch_facts, parse_so_many_texts_and_no_more) {
  client_batch batch("P - select a0");
  for (int i = 1; i < 700; ++i) {
    testing_support::write_message(batch.bytes, "P - select a" + std::to_string(i));
  }
  testing_support::write_message(batch.bytes, "S");
  batch.scanner.scan(batch.bytes, 1U << 20U, 1U << 20U);
  sql::statement_cache cache;
  batch_facts facts;
  char malformed = 0;
  ASSERT_TRUE(examine(batch.scanner, batch.bytes, {cache, no_catalog}, facts, malformed));
  EXPECT_EQ(facts.parsed_texts, 500U);
  EXPECT_TRUE(facts.unclear);
  EXPECT_EQ(facts.kind, write);
}

TEST(batch_facts, believe_no_text_that_may_mean_something_else) {
  sql::statement_cache cache;
  const client_batch batch("Q select 1");
  batch_facts facts;
  char malformed = 0;
  examination by{cache, no_catalog};
  by.reads_texts = false;
  examine(batch.scanner, batch.bytes, by, facts, malformed);
  EXPECT_TRUE(facts.unclear);
  EXPECT_EQ(facts.kind, write);
  EXPECT_TRUE(looked_at("P a set standard_conforming_strings = off|B a|E|P b select 1|B b|E|S").facts.unclear)
      << "the second one is read by what the first one sets";
}

TEST(batch_facts, take_hints_from_comments) {
  struct row {
    const char* sql;
    std::optional<config::level> hint;
    bool bad;
  };
  const row rows[] = {
      {"Q select 1", std::nullopt, false},
      {"Q /* highwater: level=strong */ select 1", config::level::strong, false},
      {"Q /* highwater: level=strongest */ select 1", std::nullopt, true},
  };
  for (const auto& each : rows) {
    const looked_at it(each.sql);
    EXPECT_EQ(it.facts.statements.front().hint, each.hint) << each.sql;
    EXPECT_EQ(it.facts.bad_hint, each.bad) << each.sql;
  }
  sql::statement_cache cache;
  const client_batch batch("Q /* highwater: level=bounded */ select 1");
  batch_facts facts;
  char malformed = 0;
  examination by{cache, no_catalog};
  by.knows_bounded = false;
  examine(batch.scanner, batch.bytes, by, facts, malformed);
  EXPECT_EQ(facts.statements.front().hint, std::nullopt) << "without a bound it would promise nothing";
  EXPECT_TRUE(facts.bad_hint);
}

TEST(batch_facts, know_what_a_client_has_prepared) {
  prepared_registry registry;
  prepared_names names;
  names.add("reads", {registry.make_private("select 1", std::string_view("\0\0", 2)), nullptr});
  names.add("writes", {registry.make_private("delete from t", std::string_view("\0\0", 2)), nullptr});
  EXPECT_TRUE(looked_at("B reads|E|S", &names).facts.undecided) << "its Parse has not been answered";
  names.confirm();
  names.confirm();
  EXPECT_FALSE(looked_at("B reads|E|S", &names).facts.undecided);
  EXPECT_EQ(looked_at("B reads|E|S", &names).facts.kind, read);
  EXPECT_EQ(looked_at("B writes|E|S", &names).facts.kind, write);
  EXPECT_EQ(looked_at("D writes|S", &names).facts.kind, write);
  EXPECT_TRUE(looked_at("Q deallocate reads", &names).facts.ends_names());
  EXPECT_TRUE(looked_at("Q execute reads", &names).facts.names_others);
}

TEST(batch_facts, are_refused_a_malformed_message) {
  struct row {
    char type;
    std::string_view body;
  };
  const row rows[] = {{'P', "no end"}, {'B', "x"}, {'D', "Zname\0"}, {'E', ""}, {'Q', "no end"}};
  for (const auto& each : rows) {
    client_batch batch("H");
    batch.bytes.clear();
    wire::writer(batch.bytes, each.type).bytes(each.body);
    wire::write_empty(batch.bytes, wire::frontend::sync);
    batch.scanner.next();
    batch.scanner.scan(batch.bytes, 1'000, 1'000);
    sql::statement_cache cache;
    batch_facts facts;
    char malformed = 0;
    EXPECT_FALSE(examine(batch.scanner, batch.bytes, {cache, no_catalog}, facts, malformed)) << each.type;
    EXPECT_EQ(malformed, each.type);
  }
}

TEST(batch_facts, are_cut_where_names_are_decided) {
  struct row {
    const char *why, *messages;
    std::optional<std::size_t> place;
  };
  const row rows[] = {
      {"no names are ended", "P a select 1|B a|E|S", std::nullopt},
      {"all are, and others are used behind that", "P - deallocate all|B -|E|P a select 1|S", 2},
      {"all are, and nothing is", "P - deallocate all|B -|E|S", std::nullopt},
      {"one that names another, and is used", "P b execute a|B b|E|S", 0},
  };
  for (const auto& each : rows) {
    const client_batch batch(each.messages);
    sql::statement_cache cache;
    batch_facts facts;
    char malformed = 0;
    const examination by{cache, no_catalog};
    ASSERT_TRUE(examine(batch.scanner, batch.bytes, by, facts, malformed));
    EXPECT_EQ(cut_where_names_are_decided(batch.scanner, batch.bytes, facts, by), each.place) << each.why;
  }
}

}  // namespace
}  // namespace highwater::proxy
