#include "routing/sql/table_pattern.hpp"

#include <gtest/gtest.h>

namespace highwater::sql {
namespace {

TEST(matches_pattern, knows_one_wildcard) {
  struct row {
    const char *pattern, *text;
    bool expected;
  };
  const row rows[] = {
      {"users", "users", true},
      {"users", "user", false},
      {"users", "users2", false},
      {"users", "Users", false},
      {"*", "", true},
      {"*", "anything", true},
      {"", "", true},
      {"", "x", false},
      {"log_*", "log_", true},
      {"log_*", "log_2024", true},
      {"log_*", "blog_1", false},
      {"*_log", "audit_log", true},
      {"*_log", "_logs", false},
      {"a*b*c", "a1b2b3c", true},
      {"a*b*c", "acb", false},
      {"*aab", "aaaab", true},
      {"**", "x", true},
      {"a.b", "axb", false},
      {"a?", "ab", false},
      {"a?", "a?", true},
      {"*ab*", "xxabyy", true},
      {"*ab*ab", "ab", false},
      {"a*", "a*", true},
  };
  for (const auto& each : rows)
    EXPECT_EQ(matches_pattern(each.pattern, each.text), each.expected) << each.pattern << " : " << each.text;
}

TEST(matches_table, looks_at_the_schema_where_both_name_one) {
  struct row {
    const char* pattern;
    relation table;
    bool expected;
  };
  const row rows[] = {
      {"accounts", {"", "accounts"}, true},
      {"accounts", {"billing", "accounts"}, true},
      {"public.accounts", {"public", "accounts"}, true},
      {"public.accounts", {"billing", "accounts"}, false},
      {"public.accounts", {"", "accounts"}, true},
      {"billing.*", {"billing", "invoices"}, true},
      {"billing.*", {"public", "invoices"}, false},
      {"*.invoices", {"any", "invoices"}, true},
      {"*.invoices", {"any", "other"}, false},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(matches_table(each.pattern, each.table), each.expected)
        << each.pattern << " : " << each.table.schema << "." << each.table.name;
  }
}

}  // namespace
}  // namespace highwater::sql
