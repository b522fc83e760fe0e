#include "routing/hint.hpp"

#include <gtest/gtest.h>

namespace highwater::routing {
namespace {

TEST(hint, needs_its_prefix) {
  EXPECT_FALSE(parse_hint(""));
  EXPECT_FALSE(parse_hint(" an ordinary comment "));
  EXPECT_FALSE(parse_hint("Highwater: level=strong"));
  EXPECT_TRUE(parse_hint("highwater:"));
}

TEST(hint, the_last_of_several_counts) {
  const auto found = parse_hint(" highwater: level=strong, level=eventual ");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->level, config::level::eventual);
  EXPECT_FALSE(found->bad);
}

TEST(hint, what_it_does_not_know_is_bad) {
  for (const char* text : {"highwater: level=best", "highwater: speed=9", "highwater: level", "highwater: =strong"}) {
    const auto found = parse_hint(text);
    ASSERT_TRUE(found) << text;
    EXPECT_TRUE(found->bad) << text;
    EXPECT_FALSE(found->level) << text;
  }
}

}  // namespace
}  // namespace highwater::routing
