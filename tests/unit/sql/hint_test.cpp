#include "routing/sql/hint.hpp"

#include <gtest/gtest.h>

namespace highwater::sql {
namespace {

TEST(hint, needs_its_prefix) {
  EXPECT_FALSE(parse_hint(""));
  EXPECT_FALSE(parse_hint(" an ordinary comment "));
  EXPECT_FALSE(parse_hint("highwater level=strong"));
  EXPECT_FALSE(parse_hint("highwate"));
  EXPECT_TRUE(parse_hint("highwater:"));
}

TEST(hint, the_last_of_several_counts) {
  const auto found = parse_hint(" highwater: level=strong, level=eventual ");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->level, config::level::eventual);
  EXPECT_FALSE(found->bad);
}

TEST(hint, is_read_in_any_case_and_with_blanks_around_the_equals_sign) {
  const std::pair<const char*, config::level> table[] = {
      {"Highwater: Level = strong", config::level::strong},
      {"HIGHWATER:LEVEL=STRONG", config::level::strong},
      {"highwater: level =eventual", config::level::eventual},
      {"highwater: level= Read_Your_Writes", config::level::read_your_writes},
      {"highwater:\n  level\t=\r\n  primary\n", config::level::primary},
      {"highwater: level = strong, LEVEL = causal,", config::level::causal},
  };
  for (const auto& [text, level] : table) {
    const auto found = parse_hint(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->level, level) << text;
    EXPECT_FALSE(found->bad) << text;
  }
}

TEST(hint, what_it_does_not_know_is_bad) {
  for (const char* text : {"highwater: level=best", "highwater: speed=9", "highwater: level", "highwater: =strong",
                           "highwater: =", "highwater: level strong", "highwater: level = , strong",
                           "highwater: level==strong", "highwater: levels=strong", "highwater: level=strong-",
                           "highwater: level=strongstrongstrongstrongstrongstrong"}) {
    const auto found = parse_hint(text);
    ASSERT_TRUE(found) << text;
    EXPECT_TRUE(found->bad) << text;
    EXPECT_FALSE(found->level) << text;
  }
}

}  // namespace
}  // namespace highwater::sql
