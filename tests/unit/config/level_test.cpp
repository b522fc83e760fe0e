#include "config/level.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace highwater::config {
namespace {

TEST(level, every_name_reads_as_the_level_it_names) {
  std::set<std::string_view> names;
  for (std::size_t index = 0; index < level_count; ++index) {
    const auto value = static_cast<level>(index);
    names.insert(to_string(value));
    EXPECT_EQ(named<level>(to_string(value)), value);
  }
  EXPECT_EQ(names.size(), level_count);
}

TEST(level, names_are_those_of_the_documentation) {
  EXPECT_EQ(to_string(level::read_your_writes), "read_your_writes");
  EXPECT_EQ(to_string(level::primary), "primary");
}

TEST(level, anything_but_the_exact_name_is_none) {
  for (const std::string_view name : {"", "Session", "session ", "read-your-writes", "unknown"}) {
    EXPECT_EQ(named<level>(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace highwater::config
