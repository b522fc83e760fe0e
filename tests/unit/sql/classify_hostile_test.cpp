#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "routing/sql/parse_tree.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using namespace std::string_view_literals;
using testing_support::shop_catalog;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(classify_hostile, nothing_hides_behind_quotes_and_comments) {
  for (const auto sql : {
           "SELECT 1; DROP TABLE t"sv,
           "SELECT '\\'; DROP TABLE t; --'"sv,
           "SELECT E'\\''; DROP TABLE t; --'"sv,
           "SELECT $a$ $b$ $a$; DROP TABLE t; -- $b$"sv,
           "SELECT /* /* */ 1 */ 1; DROP TABLE t"sv,
           "SELECT 1 -- \r; DROP TABLE t"sv,
           "SELECT 1 /* ; */; DROP TABLE t"sv,
           "SELECT \"a\"\"; \"; DROP TABLE t; --\""sv,
           "SELECT 'a'\n'b'; DROP TABLE t"sv,
           "SELECT U&'\\0027'; DROP TABLE t"sv,
           "; ;; DROP TABLE t"sv,
           "/* highwater: level=eventual */ DROP TABLE t"sv,
       }) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql;
    EXPECT_TRUE(verdict.changes_schema) << sql;
  }
}

TEST(classify_hostile, what_is_quoted_is_not_run) {
  for (const auto sql :
       {"SELECT '; DROP TABLE t; --'"sv, "SELECT $$; DROP TABLE t$$"sv, "SELECT 1 AS \"; DROP TABLE t\""sv,
        "SELECT 1 /* ; DROP TABLE t */"sv, "SELECT 1 -- ; DROP TABLE t"sv}) {
    EXPECT_EQ(classify(sql, shop_catalog()).kind, statement_kind::read) << sql;
  }
}

TEST(classify_hostile, what_does_not_parse_is_a_write) {
  for (const auto sql : {"SELEC 1"sv, "SELECT 'a"sv, "SELECT $$a"sv, "SELECT /* a"sv, "SELECT (1"sv, "SELECT 1 \0"sv,
                         "\0SELECT 1"sv, "SELECT '\0'"sv, "SELECT E'\\u12'"sv, "\xff\xfe"sv}) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.reason, write_reason::parse_failed) << sql;
    EXPECT_TRUE(verdict.hidden_relations) << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
  }
}

TEST(classify_hostile, empty_texts_are_empty) {
  for (const auto sql : {""sv, " \n\t"sv, ";"sv, ";;;"sv, "-- a"sv, "/* a */"sv, "/* highwater: level=strong */"sv}) {
    EXPECT_EQ(classify(sql, shop_catalog()).kind, statement_kind::empty) << sql;
  }
}

TEST(classify_hostile, bytes_of_other_encodings_do_no_harm) {
  EXPECT_EQ(classify("SELECT '\xff\xc3'", shop_catalog()).kind, statement_kind::read);
  EXPECT_EQ(classify("SELECT * FROM \"gro\xdf\"", shop_catalog()).reason, write_reason::unknown_name);
}

TEST(classify_hostile, survives_any_depth) {
  constexpr std::size_t deep = 10000;
  for (const auto& sql : {
           "SELECT " + repeated("(", deep) + "1" + repeated(")", deep),
           "SELECT " + repeated("(SELECT ", deep) + "1" + repeated(")", deep),
           "SELECT " + repeated("abs(", deep) + "1" + repeated(")", deep),
           "SELECT 1" + repeated("+1", deep),
           "SELECT 1" + repeated("+1", 400000),
           "SELECT 1" + repeated("::int", deep),
           "SELECT 1" + repeated(" ISNULL", 32000),
           "SELECT " + repeated("NOT ", deep) + "true",
           "SELECT 1" + repeated(" UNION SELECT 1", deep),
           "SELECT * FROM t" + repeated(" CROSS JOIN t", deep),
           "SELECT * FROM " + repeated("(SELECT * FROM ", deep) + "t" + repeated(") x", deep),
           "SELECT " + repeated("CASE WHEN true THEN ", deep) + "1" + repeated(" END", deep),
           "SELECT " + repeated("ARRAY[", deep) + repeated("]", deep),
           repeated("(", 500000),
           repeated("/*", 500000),
           repeated("'a'\n", 200000),
       }) {
    EXPECT_EQ(classify(sql, shop_catalog()).kind, statement_kind::write) << sql.substr(0, 40);
  }
}

TEST(classify_hostile, accepts_what_is_wide_or_of_sensible_depth) {
  for (const auto& sql : {
           "SELECT * FROM t WHERE id IN (1" + repeated(",1", 10000) + ")",
           "SELECT 1" + repeated(" + 1", 500),
           "SELECT 1" + repeated(" UNION ALL SELECT 1", 500),
           "SELECT * FROM t WHERE a = 1" + repeated(" OR a = 1", 5000),
           "SELECT '" + repeated("a", 1000000) + "'",
           repeated("SELECT 1;", 1000),
       }) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::read) << sql.substr(0, 40) << to_string(verdict.reason);
  }
}

TEST(classify_hostile, does_not_look_at_texts_that_are_too_long) {
  const auto verdict = classify("SELECT '" + repeated("a", max_examined_bytes) + "'", shop_catalog());
  EXPECT_EQ(verdict.kind, statement_kind::write);
  EXPECT_EQ(verdict.reason, write_reason::too_long);
  EXPECT_TRUE(verdict.hidden_relations);
  EXPECT_EQ(classify("SELECT 1" + repeated(",1", parse_tree::max_tokens), shop_catalog()).reason,
            write_reason::too_long);
}

}  // namespace
}  // namespace highwater::sql
