#include "tests/fuzz/transcript.hpp"

#include <gtest/gtest.h>

namespace highwater::fuzz {
namespace {

namespace raw = testing_support::raw;

std::string column(const std::string& name, std::uint32_t table) {
  return name + '\0' + raw::int32(table) + raw::int16(2) + raw::int32(23) + raw::int16(4) + raw::int32(0xFFFFFFFF) +
         raw::int16(0);
}

TEST(line, has_all_that_is_compared) {
  using namespace std::string_literals;
  const struct {
    raw::message what;
    const char* line;
  } cases[] = {
      {{'Z', "I"}, "Z I"},
      {{'1', ""}, "1"},
      {{'C', "SELECT 1\0"s}, "C SELECT 1\\x00"},
      {{'D', raw::int16(3) + raw::int32(1) + "a" + raw::int32(0xFFFFFFFF) + raw::int32(0)}, "D a | NULL | "},
      {{'T', raw::int16(1) + column("n", 16999)}, "T n(of a table column 2 type 23/4/4294967295 format 0)"},
      {{'T', raw::int16(1) + column("n", 0)}, "T n(no table column 2 type 23/4/4294967295 format 0)"},
      {{'E', "SERROR\0C22012\0Mdivision by zero\0Fint.c\0L846\0Rint4div\0\0"s},
       "E S=ERROR C=22012 M=division by zero R=int4div"},
      {{'A', raw::int32(4711) + "ch\0text\0"s}, "A ch\\x00text\\x00"},
      {{'K', "12345678"}, "K"},
  };
  for (const auto& one : cases) EXPECT_EQ(line_of(one.what), one.line);
}

account told(std::vector<std::vector<std::string>> pages, bool stuck = false) {
  account made;
  for (auto& lines : pages) made.exchanges.push_back({made.exchanges.size(), made.exchanges.size(), std::move(lines)});
  made.stuck = stuck;
  return made;
}

std::string verdict(const account& expected, const account& actual) {
  const auto found = compare(expected, actual, 1);
  if (!found) return "same";
  return found->signature() + " at " + std::to_string(found->step);
}

TEST(compare, names_the_first_difference) {
  const struct {
    const char* what;
    account expected, actual;
    const char* verdict;
  } cases[] = {
      {"nothing", {}, {}, "same"},
      {"equal", told({{"Z I"}, {"D @r1c1s1"}}), told({{"Z I"}, {"D @r1c1s1"}}), "same"},
      {"another value", told({{"Z I"}, {"D 1"}}), told({{"Z I"}, {"D 2"}}), "differs: expected D, got D at 1"},
      {"another's tag", told({{"D @r1c1s1"}}), told({{"D @r1c2s1"}}), "CROSSTALK: expected D, got D at 0"},
      {"another's with a longer number", told({{"D @r1c1s1"}}), told({{"D @r1c11s1"}}),
       "CROSSTALK: expected D, got D at 0"},
      {"an error in its place", told({{"D 1"}}), told({{"E S=ERROR C=26000 M=no \"x1\" there"}}),
       "differs: expected D, got E C=26000  M=no  there at 0"},
      {"too little", told({{"D 1", "Z I"}}), told({{"D 1"}}), "differs: expected Z I, got nothing at 0"},
      {"too much", told({{"Z I"}}), told({{"Z I", "Z I"}}), "differs: expected nothing, got Z I at 0"},
      {"nothing more came", told({{"D 1", "Z I"}}), told({{"D 1"}}, true), "STUCK: expected Z I, got nothing at 0"},
      {"a whole exchange is missing", told({{"Z I"}, {"Z T"}}), told({{"Z I"}}),
       "differs: expected Z T, got nothing at 1"},
  };
  for (const auto& one : cases) EXPECT_EQ(verdict(one.expected, one.actual), one.verdict) << one.what;
}

TEST(compare, leaves_settings_out_where_it_is_told_to) {
  const auto login = told({{"K", "R", "S TimeZone", "Z I"}});
  EXPECT_EQ(without_status(login).exchanges, login.exchanges);
  const auto later = told({{"C SET", "S TimeZone", "Z I"}, {"S late"}});
  EXPECT_EQ(without_status(later).exchanges, told({{"C SET", "Z I"}}).exchanges);
}

}  // namespace
}  // namespace highwater::fuzz
