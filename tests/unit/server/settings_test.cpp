#include "proxy/server/settings.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(session_settings, tell_whether_texts_can_be_read) {
  const std::pair<session_settings, bool> rows[] = {
      {{}, true},
      {{{"client_encoding", "UTF8"}, {"standard_conforming_strings", "on"}}, true},
      {{{"client_encoding", "latin1"}}, true},
      {{{"standard_conforming_strings", "off"}}, false},
      {{{"client_encoding", "SJIS"}}, false},
      {{{"client_encoding", "Shift_JIS-2004"}}, false},
      {{{"client_encoding", "gb18030"}}, false},
  };
  for (const auto& [settings, plain] : rows)
    EXPECT_EQ(text_is_plain(settings), plain) << testing::PrintToString(settings);
}

TEST(session_settings, stay_sorted_and_without_duplicates) {
  session_settings some;
  put(some, "timezone", "UTC");
  put(some, "datestyle", "ISO");
  put(some, "search_path", "public");
  put(some, "timezone", "Europe/Berlin");
  EXPECT_EQ(some, (session_settings{{"datestyle", "ISO"}, {"search_path", "public"}, {"timezone", "Europe/Berlin"}}));
  EXPECT_EQ(find(some, "search_path"), "public");
  EXPECT_EQ(find(some, "search"), std::nullopt);
  unset(some, "search_path");
  unset(some, "never_set");
  EXPECT_EQ(some, (session_settings{{"datestyle", "ISO"}, {"timezone", "Europe/Berlin"}}));
}

TEST(transition_sql, does_what_is_needed_and_no_more) {
  struct row {
    const char* why;
    session_settings from, to;
    std::string expected;
  };
  const row rows[] = {
      {"nothing to nothing", {}, {}, ""},
      {"the same", {{"a", "1"}}, {{"a", "1"}}, ""},
      {"one more", {}, {{"a", "1"}}, "SELECT pg_catalog.set_config('a', '1', false)"},
      {"one changed",
       {{"a", "1"}, {"b", "2"}},
       {{"a", "1"}, {"b", "3"}},
       "SELECT pg_catalog.set_config('b', '3', false)"},
      {"one less", {{"a", "1"}, {"b", "2"}}, {{"b", "2"}}, "RESET \"a\"; "},
      {"two in one statement",
       {},
       {{"a", "1"}, {"b", "2"}},
       "SELECT pg_catalog.set_config('a', '1', false), pg_catalog.set_config('b', '2', false)"},
      {"all of it",
       {{"a", "1"}, {"c", "3"}},
       {{"b", "2"}, {"c", "4"}},
       "RESET \"a\"; SELECT pg_catalog.set_config('b', '2', false), pg_catalog.set_config('c', '4', false)"},
      {"empty is a value", {}, {{"a", ""}}, "SELECT pg_catalog.set_config('a', '', false)"},
      {"an extension's", {{"app.user", "7"}}, {}, "RESET \"app\".\"user\"; "},
      {"who one is comes last",
       {},
       {{"a", "1"}, {"role", "r"}, {"work_mem", "1"}},
       "SELECT pg_catalog.set_config('a', '1', false), pg_catalog.set_config('work_mem', '1', false), "
       "pg_catalog.set_config('role', 'r', false)"},
      {"... and goes first", {{"a", "1"}, {"role", "r"}}, {}, "RESET \"role\"; RESET \"a\"; "},
      {"... also to come back",
       {{"role", "r"}},
       {{"a", "1"}, {"role", "r"}},
       "RESET \"role\"; SELECT pg_catalog.set_config('a', '1', false), pg_catalog.set_config('role', 'r', false)"},
  };
  for (const auto& each : rows) EXPECT_EQ(transition_sql(each.from, each.to), each.expected) << each.why;
}

TEST(transition_sql, speaks_ascii_and_says_what_the_rest_is_to_be_read_in) {
  EXPECT_EQ(transition_sql({}, {{"a", "\xe9'"}, {"client_encoding", "LATIN1"}}),
            "SELECT pg_catalog.set_config('a', pg_catalog.convert_from(pg_catalog.decode('e927', 'hex'), 'LATIN1'), "
            "false), pg_catalog.set_config('client_encoding', 'LATIN1', false)");
  EXPECT_EQ(transition_sql({{"client_encoding", "LATIN1"}}, {{"a", "\xc3\xa9"}}),
            "RESET \"client_encoding\"; SELECT pg_catalog.set_config('a', pg_catalog.convert_from(pg_catalog.decode("
            "'c3a9', 'hex'), pg_catalog.current_setting('client_encoding')), false)");
}

TEST(transition_sql, cannot_be_broken_out_of) {
  EXPECT_EQ(transition_sql({}, {{"a'b", "x'); DROP TABLE t; --"}}),
            "SELECT pg_catalog.set_config('a''b', 'x''); DROP TABLE t; --', false)");
  EXPECT_EQ(transition_sql({{"a\"; DROP TABLE t; --", ""}}, {}), "RESET \"a\"\"; DROP TABLE t; --\"; ");
}

TEST(for_analysis, leaves_out_what_a_statement_does_not_depend_on) {
  EXPECT_EQ(for_analysis({{"application_name", "a"}, {"search_path", "s"}, {"statement_timeout", "1"}}),
            (session_settings{{"search_path", "s"}}));
}

TEST(quote_literal, is_safe_whatever_standard_conforming_strings_is) {
  EXPECT_EQ(quote_literal(""), "''");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b"), " E'a\\\\b'");
  EXPECT_EQ(quote_literal("\\'"), " E'\\\\'''");
}

TEST(quote_identifier, doubles_its_own_mark) {
  EXPECT_EQ(quote_identifier("Work"), "\"Work\"");
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
}

TEST(inquiry_sql, asks_for_all_at_once_and_does_not_mind_the_unknown) {
  EXPECT_EQ(inquiry_sql({"a", "b.c"}),
            "SELECT pg_catalog.current_setting('a', true), pg_catalog.current_setting('b.c', true)");
  EXPECT_EQ(inquiry_sql({}), "");
}

TEST(settings_interner, gives_one_snapshot_for_one_content) {
  settings_interner interner;
  const auto a = interner.intern({{"a", "1"}});
  const auto b = interner.intern({{"a", "2"}});
  EXPECT_EQ(interner.intern({{"a", "1"}}), a);
  EXPECT_NE(a, b);
  EXPECT_EQ(interner.intern({}), no_settings());
  EXPECT_FALSE(same(a, b));
  EXPECT_TRUE(same(a, std::make_shared<const session_settings>(*a)));
}

TEST(settings_interner, does_not_keep_what_nobody_uses) {
  settings_interner interner;
  std::weak_ptr<const session_settings> gone = interner.intern({{"a", "1"}});
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(*interner.intern({{"a", "1"}}), (session_settings{{"a", "1"}}));
}

}  // namespace
}  // namespace highwater::proxy
