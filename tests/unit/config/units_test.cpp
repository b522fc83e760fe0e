#include "config/units.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace highwater::config {
namespace {

using namespace std::chrono_literals;

TEST(units, durations_read_and_print_alike) {
  const std::vector<std::tuple<std::string, std::chrono::microseconds>> table{
      {"0", 0us}, {"500us", 500us}, {"20ms", 20ms}, {"5s", 5s}, {"1min", 1min}, {"168h", 168h}, {"1500ms", 1500ms},
  };
  for (const auto& [text, value] : table) {
    EXPECT_EQ(parse_duration(text), value) << text;
    EXPECT_EQ(format_duration(value), text);
  }
}

TEST(units, durations_print_in_the_largest_unit_that_loses_nothing) {
  EXPECT_EQ(format_duration(60'000ms), "1min");
  EXPECT_EQ(format_duration(3'600'000ms), "1h");
  EXPECT_EQ(format_duration(61s), "61s");
}

TEST(units, sizes_go_in_steps_of_1024) {
  const std::vector<std::tuple<std::string, std::uint64_t>> table{
      {"0", 0}, {"1B", 1}, {"1000B", 1'000}, {"256kB", 262'144}, {"1MB", 1'048'576}, {"1024GB", 1ULL << 40},
  };
  for (const auto& [text, value] : table) {
    EXPECT_EQ(parse_size(text), value) << text;
    EXPECT_EQ(format_size(value), text);
  }
}

TEST(units, what_is_no_whole_number_with_a_known_unit_is_none) {
  for (const std::string_view text : {"", "5", "s", "-5s", "1.5s", "5 s", "5S", "5m", "5sec", "05s", "5s5s",
                                      "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  for (const std::string_view text : {"", "5", "kB", "5KB", "5kb", "5k", "5 kB", "1TB", "9223372036854775807GB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace highwater::config
