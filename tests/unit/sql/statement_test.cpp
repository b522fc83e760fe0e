#include "routing/sql/statement.hpp"

#include <gtest/gtest.h>

#include <set>

namespace highwater::sql {
namespace {

TEST(statement_names, every_write_reason_has_its_own) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(write_reason::learned); ++i) names.insert(to_string(write_reason(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(write_reason::learned) + 1);
  EXPECT_EQ(names.count("unknown"), 0U);
}

TEST(statement_names, every_pin_reason_has_its_own) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < pin_reason_count; ++i) names.insert(to_string(pin_reason(i)));
  EXPECT_EQ(names.size(), pin_reason_count);
  EXPECT_EQ(names.count("unknown"), 0U);
}

}  // namespace
}  // namespace highwater::sql
