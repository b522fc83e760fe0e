#include "routing/sql/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "routing/sql/catalog_rows.hpp"
#include "routing/sql/classify.hpp"

namespace highwater::sql {
namespace {

using columns = std::vector<std::string_view>;

catalog_rows two_functions() {
  catalog_rows rows;
  rows.functions = {
      {"pg_catalog", "f", 'i', true, false}, {"app", "f", 'v', false, false}, {"app", "g", 's', false, false}};
  return rows;
}

TEST(catalog_lookup, a_bare_name_is_the_worst_of_every_schema) {
  const catalog cat(two_functions());
  EXPECT_EQ(cat.function("", "f").worst, volatility::volatile_);
  EXPECT_EQ(cat.function("pg_catalog", "f").worst, volatility::immutable);
  EXPECT_EQ(cat.function("app", "f").added, volatility::volatile_);
  EXPECT_EQ(cat.function("pg_catalog", "f").added, volatility::unknown);
  EXPECT_EQ(cat.function("", "h").worst, volatility::unknown);
  EXPECT_EQ(cat.function("other", "g").worst, volatility::unknown);
}

TEST(catalog_lookup, an_unknown_letter_counts_as_volatile) {
  catalog_rows rows;
  rows.operators = {{"app", "+", '?'}};
  rows.casts = {{"app", "t", 's'}, {"app", "t", 'v'}};
  const catalog cat(std::move(rows));
  EXPECT_EQ(cat.operation("", "+").worst, volatility::volatile_);
  EXPECT_EQ(cat.cast("app", "t").worst, volatility::volatile_);
  EXPECT_EQ(cat.cast("app", "u").worst, volatility::unknown);
}

TEST(catalog_lookup, an_added_function_does_not_profit_from_a_harmless_namesake) {
  catalog_rows rows;
  rows.functions = {{"pg_catalog", "random", 'v', true, false}, {"app", "random", 'v', false, false}};
  const catalog cat(std::move(rows));
  EXPECT_EQ(classify("SELECT pg_catalog.random()", &cat).kind, statement_kind::read);
  EXPECT_EQ(classify("SELECT random()", &cat).reason, write_reason::volatile_function);
}

TEST(catalog_lookup, operators_count_where_the_grammar_implies_them) {
  catalog_rows rows;
  for (const char* name : {"<", "<=", ">", ">="}) rows.operators.push_back({"pg_catalog", name, 'i'});
  rows.operators.push_back({"app", "=", 'v'});
  rows.operators.push_back({"app", "<=", 'v'});
  rows.relations = {{"public", "t", 'r', 'p', "", {}}, {"public", "u", 'r', 'p', "", {}}};
  const catalog cat(std::move(rows));
  for (const char* sql :
       {"SELECT a = b FROM t", "SELECT a IN (1) FROM t", "SELECT a IN (SELECT 1) FROM t", "SELECT a = ANY ($1) FROM t",
        "SELECT * FROM t NATURAL JOIN u", "SELECT * FROM t JOIN u USING (id)", "SELECT CASE a WHEN 1 THEN 2 END FROM t",
        "SELECT NULLIF(a, b) FROM t", "SELECT a IS NOT DISTINCT FROM b FROM t", "SELECT a BETWEEN 1 AND 2 FROM t",
        "SELECT a NOT BETWEEN SYMMETRIC 1 AND 2 FROM t"}) {
    EXPECT_EQ(classify(sql, &cat).reason, write_reason::volatile_function) << sql;
  }
  EXPECT_EQ(classify("SELECT a < 1, CASE WHEN a > 1 THEN 2 END FROM t JOIN u ON true", &cat).kind,
            statement_kind::read);
}

TEST(catalog_views, names_in_definitions_are_the_servers_own_unless_qualified) {
  auto rows = two_functions();
  rows.relations = {{"public", "v", 'v', 'p', "SELECT f(1)", {}}, {"public", "w", 'v', 'p', "SELECT app.f(1)", {}}};
  const catalog cat(std::move(rows));
  EXPECT_EQ(classify("SELECT * FROM v", &cat).kind, statement_kind::read);
  EXPECT_EQ(classify("SELECT * FROM w", &cat).reason, write_reason::volatile_function);
}

TEST(catalog_views, a_chain_of_views_is_followed_to_its_end) {
  catalog_rows rows;
  rows.relations.push_back({"public", "v0", 'r', 'u', "", {}});
  for (int i = 1; i <= 50; ++i) {
    rows.relations.push_back(
        {"public", "v" + std::to_string(i), 'v', 'p', "SELECT 1 FROM public.v" + std::to_string(i - 1), {}});
  }
  std::reverse(rows.relations.begin(), rows.relations.end());
  const catalog cat(std::move(rows));
  const auto verdict = classify("SELECT * FROM v50", &cat);
  EXPECT_EQ(verdict.reason, write_reason::not_replicated);
  EXPECT_EQ(verdict.detail, "public.v0");
  EXPECT_EQ(verdict.relations.size(), 51U);
}

TEST(catalog_views, an_absurd_chain_of_views_is_not_proved) {
  catalog_rows rows;
  rows.relations.push_back({"public", "v0", 'r', 'p', "", {}});
  for (int i = 1; i <= 1000; ++i) {
    rows.relations.push_back(
        {"public", "v" + std::to_string(i), 'v', 'p', "SELECT 1 FROM public.v" + std::to_string(i - 1), {}});
  }
  std::reverse(rows.relations.begin(), rows.relations.end());
  const catalog cat(std::move(rows));
  EXPECT_EQ(classify("SELECT * FROM v1000", &cat).reason, write_reason::unknown_name);
}

TEST(catalog_views, a_definition_must_be_one_query) {
  for (const char* definition : {"", "DROP TABLE t", "SELECT 1; SELECT 2", "SELECT 'a"}) {
    catalog_rows rows;
    rows.relations = {{"public", "v", 'v', 'p', definition, {}}};
    const catalog cat(std::move(rows));
    EXPECT_EQ(classify("SELECT * FROM v", &cat).kind, statement_kind::write) << definition;
  }
}

TEST(catalog_policies, a_policy_may_read_its_own_table) {
  catalog_rows rows;
  rows.relations = {{"public", "t", 'r', 'p', "", {"(EXISTS ( SELECT 1 FROM public.t t_1))"}}};
  const catalog cat(std::move(rows));
  EXPECT_EQ(classify("SELECT * FROM t", &cat).kind, statement_kind::read);
}

TEST(catalog_text_rows, become_what_a_catalogue_is_built_from) {
  catalog_rows rows;
  EXPECT_TRUE(add_catalog_row(catalog_query::functions, columns{"app", "f", "s", "f", "t", "l", "t"}, rows));
  EXPECT_TRUE(add_catalog_row(catalog_query::operators, columns{"app", "+", "i", "d"}, rows));
  EXPECT_TRUE(add_catalog_row(catalog_query::casts, columns{"app", "t", "", ""}, rows));
  EXPECT_TRUE(add_catalog_row(catalog_query::relations, columns{"app", "v", "v", "p", "SELECT 1", "(a)\x01(b)"}, rows));
  ASSERT_EQ(rows.functions.size(), 1U);
  EXPECT_EQ(rows.functions[0].volatility, 's');
  EXPECT_FALSE(rows.functions[0].builtin);
  EXPECT_TRUE(rows.functions[0].takes_row);
  EXPECT_EQ(rows.functions[0].leaves, residue::lasting);
  EXPECT_TRUE(rows.functions[0].takes_lock);
  EXPECT_EQ(rows.operators[0].leaves, residue::discardable);
  EXPECT_EQ(rows.casts[0].leaves, residue::nothing);
  EXPECT_TRUE(add_catalog_row(catalog_query::writing, columns{"app", "t", "d"}, rows));
  EXPECT_EQ(rows.writing[0].leaves, residue::discardable);
  EXPECT_EQ(rows.operators[0].volatility, 'i');
  EXPECT_EQ(rows.casts[0].volatility, 'v');
  EXPECT_EQ(rows.relations[0].definition, "SELECT 1");
  EXPECT_EQ(rows.relations[0].policies, (std::vector<std::string>{"(a)", "(b)"}));
}

TEST(catalog_text_rows, are_refused_if_a_column_is_missing) {
  catalog_rows rows;
  for (const auto which : catalog_queries) EXPECT_FALSE(add_catalog_row(which, columns{"a", "b"}, rows));
  EXPECT_TRUE(rows.functions.empty() && rows.operators.empty() && rows.casts.empty() && rows.relations.empty());
}

}  // namespace
}  // namespace highwater::sql
