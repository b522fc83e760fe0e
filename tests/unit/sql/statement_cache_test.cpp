#include "routing/sql/statement_cache.hpp"

#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

catalog_ptr shop() {
  static const auto cat = std::make_shared<const catalog>(testing_support::shop_rows());
  return cat;
}

TEST(statement_cache, parses_one_text_of_a_shape) {
  statement_cache cache;
  const auto first = cache.find_or_classify("SELECT * FROM t WHERE id = 1", shop());
  const auto second = cache.find_or_classify("SELECT * FROM t  WHERE id = 2 -- again", shop());
  EXPECT_EQ(first.what, second.what);
  EXPECT_EQ(first.what->kind, statement_kind::read);
  EXPECT_EQ(cache.misses(), 1U);
  EXPECT_EQ(cache.hits(), 1U);
}

TEST(statement_cache, does_not_share_verdicts_that_depend_on_literals) {
  statement_cache cache;
  const auto first = cache.find_or_classify("SELECT set_config('a.b', '', false)", shop());
  const auto second = cache.find_or_classify("SELECT set_config('c.d', '', false)", shop());
  EXPECT_EQ(first.what->settings, (setting_changes{{"a.b", false}}));
  EXPECT_EQ(second.what->settings, (setting_changes{{"c.d", false}}));
  EXPECT_EQ(cache.size(), 0U);
}

TEST(statement_cache, does_not_share_what_ddl_in_literals_touches) {
  statement_cache cache;
  name_set replaced;
  replaced.add("total");
  EXPECT_FALSE(cache.find_or_classify("DO $$ BEGIN PERFORM 1; END $$", shop()).what->touches.concern(replaced));
  const auto ddl = cache.find_or_classify("DO 'BEGIN CREATE OR REPLACE FUNCTION total() ...; END'", shop());
  EXPECT_TRUE(ddl.what->touches.concern(replaced));
  for (const std::string from : {"shop", "attic"}) {
    const auto verdict = cache.find_or_classify("CREATE DATABASE other TEMPLATE '" + from + "'", shop());
    EXPECT_EQ(verdict.what->logins.vacates, std::vector{from});
  }
}

TEST(statement_cache, parses_texts_that_the_lexer_is_not_sure_of) {
  statement_cache cache;
  EXPECT_EQ(cache.find_or_classify("SELECT 'a'\n'b'", shop()).what->kind, statement_kind::read);
  EXPECT_EQ(cache.find_or_classify("SELECT 'a", shop()).what->reason, write_reason::parse_failed);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(statement_cache, hints_belong_to_the_text_and_not_to_its_shape) {
  statement_cache cache;
  EXPECT_EQ(cache.find_or_classify("/* highwater: level=strong */ SELECT 1", shop()).hint_level, config::level::strong);
  EXPECT_EQ(cache.find_or_classify("SELECT 1", shop()).hint_level, std::nullopt);
  EXPECT_EQ(cache.find_or_classify("-- Highwater: Level = causal\nSELECT 1", shop()).hint_level, config::level::causal);
  EXPECT_EQ(cache.find_or_classify("-- causal\nSELECT 1", shop()).hint_level, std::nullopt);
  for (const char* sql : {"/* highwater: level=best */ SELECT 1", "SELECT 1 -- highwater: level=best"}) {
    EXPECT_TRUE(cache.find_or_classify(sql, shop()).bad_hint) << sql;
  }
  EXPECT_EQ(cache.misses(), 1U);
}

TEST(statement_cache, tells_settings_of_the_node_from_others_of_the_same_shape) {
  statement_cache cache;
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting('work_mem')", shop()).what->kind, statement_kind::read);
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting('Port')", shop()).what->kind, statement_kind::write);
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting($$port$$)", shop()).what->kind, statement_kind::write);
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting('port ')", shop()).what->kind, statement_kind::read);
  }
  EXPECT_EQ(cache.misses(), 2U);
}

TEST(statement_cache, tells_settings_of_highwaters_from_others_of_the_same_shape) {
  statement_cache cache;
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting('a.b')", shop()).what->kind, statement_kind::read);
    EXPECT_TRUE(cache.find_or_classify("SELECT current_setting('highwater.x')", shop()).what->misplaced_internal);
    EXPECT_EQ(cache.find_or_classify("SELECT current_setting($$c.d$$)", shop()).what->kind, statement_kind::read);
    EXPECT_TRUE(cache.find_or_classify("SELECT current_setting($$Highwater.x$$)", shop()).what->misplaced_internal);
  }
  EXPECT_EQ(cache.size(), 1U);
}

// The key sees no prefix in an escape, so that verdict must not stand for the shape.
TEST(statement_cache, keeps_no_verdict_on_a_setting_of_highwaters) {
  statement_cache cache;
  const auto escaped = cache.find_or_classify("SELECT current_setting(E'\\x68ighwater.x')", shop()).what;
  EXPECT_TRUE(escaped->misplaced_internal);
  EXPECT_EQ(cache.find_or_classify("SELECT current_setting('a.b')", shop()).what->kind, statement_kind::read);
}

TEST(statement_cache, forgets_everything_with_the_catalogue) {
  statement_cache cache;
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM t", nullptr).what->reason, write_reason::unknown_name);
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM t", shop()).what->kind, statement_kind::read);
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM t", nullptr).what->reason, write_reason::unknown_name);
  EXPECT_EQ(cache.misses(), 3U);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(statement_cache, learns_that_a_shape_is_a_write) {
  statement_cache cache;
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM t WHERE id = 1", shop()).what->kind, statement_kind::read);
  cache.learn_write("SELECT * FROM t WHERE id = 1", shop());
  const auto learned = cache.find_or_classify("SELECT * FROM t WHERE id = 2", shop()).what;
  EXPECT_EQ(learned->kind, statement_kind::write);
  EXPECT_EQ(learned->reason, write_reason::learned);
  EXPECT_EQ(learned->relations.size(), 1U);
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM items WHERE id = 2", shop()).what->kind, statement_kind::read);
  const auto other = std::make_shared<const catalog>(testing_support::shop_rows());
  EXPECT_EQ(cache.find_or_classify("SELECT * FROM t WHERE id = 2", other).what->kind, statement_kind::read);
}

TEST(statement_cache, learns_by_the_whole_text_where_there_is_no_shape) {
  statement_cache cache;
  cache.learn_write("SELECT 'a'\n'b'", shop());
  EXPECT_EQ(cache.find_or_classify("SELECT 'a'\n'b'", shop()).what->reason, write_reason::learned);
  EXPECT_EQ(cache.find_or_classify("SELECT 'a'\n'c'", shop()).what->kind, statement_kind::read);
}

TEST(statement_cache, believes_a_memo_as_long_as_nothing_has_changed) {
  statement_cache cache;
  statement_cache::memo known;
  const std::string sql = "SELECT * FROM t /* highwater: level=strong */";
  const auto first = cache.find_or_classify(sql, shop(), known).what;
  EXPECT_EQ(cache.find_or_classify("", shop(), known).what, first) << "it is not looked up again";
  EXPECT_EQ(known.found.hint_level, config::level::strong) << "of this very text";
  EXPECT_EQ(cache.misses(), 1U);
  EXPECT_EQ(cache.hits(), 1U);
  cache.learn_write(sql, shop());
  EXPECT_EQ(cache.find_or_classify(sql, shop(), known).what->reason, write_reason::learned);
  EXPECT_EQ(cache.find_or_classify(sql, nullptr, known).what->reason, write_reason::unknown_name);
  EXPECT_EQ(cache.find_or_classify(sql, shop(), known).what->kind, statement_kind::read);
  statement_cache other;
  EXPECT_EQ(other.find_or_classify(sql, nullptr, known).what->reason, write_reason::unknown_name)
      << "another database's tables";
}

TEST(statement_cache, stays_within_its_bounds) {
  statement_cache cache({.entries = 100, .key_bytes = 1 << 20});
  for (int i = 0; i < 1000; ++i) {
    cache.find_or_classify("SELECT a" + std::to_string(i), shop());
    EXPECT_LE(cache.size(), 100U);
  }
}

TEST(statement_cache, bounds_the_bytes_of_its_keys_too) {
  statement_cache cache({.entries = 1000000, .key_bytes = 80000});
  const std::string long_name(5000, 'a');
  for (int i = 0; i < 100; ++i) cache.find_or_classify("SELECT " + long_name + std::to_string(i), shop());
  EXPECT_LE(cache.size(), 16U);
  EXPECT_GE(cache.size(), 1U);
  const auto before = cache.size();
  cache.find_or_classify("SELECT " + std::string(50000, 'b'), shop());
  EXPECT_EQ(cache.size(), before);
}

TEST(statement_cache, keeps_what_is_used) {
  statement_cache cache({.entries = 100, .key_bytes = 1 << 20});
  cache.find_or_classify("SELECT * FROM t", shop());
  for (int i = 0; i < 1000; ++i) {
    cache.find_or_classify("SELECT a" + std::to_string(i), shop());
    cache.find_or_classify("SELECT * FROM t", shop());
  }
  EXPECT_EQ(cache.misses(), 1001U);
}

TEST(statement_cache, refuses_texts_that_are_too_long_without_a_look) {
  statement_cache cache;
  const auto verdict = cache.find_or_classify(std::string(max_examined_bytes + 1, ' '), shop()).what;
  EXPECT_EQ(verdict->reason, write_reason::too_long);
  EXPECT_EQ(cache.misses(), 0U);
}

}  // namespace
}  // namespace highwater::sql
