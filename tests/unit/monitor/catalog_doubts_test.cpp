#include "proxy/monitor/catalog_doubts.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

sql::name_set names(std::initializer_list<const char*> all) {
  sql::name_set made;
  for (const char* each : all) made.add(std::string_view(each));
  return made;
}

schema_change change(schema_generation generation, std::initializer_list<const char*> all) {
  return {generation, {false, names(all)}};
}

TEST(catalog_doubts, are_about_the_names_that_were_touched) {
  catalog_doubts doubts({change(1, {"a"})});
  doubts.add(change(2, {"b", "c"}));
  EXPECT_TRUE(doubts.any());
  EXPECT_TRUE(doubts.concern(names({"x", "a"})));
  EXPECT_TRUE(doubts.concern(names({"c"})));
  EXPECT_FALSE(doubts.concern(names({"x", "y"})));
  EXPECT_FALSE(doubts.concern(names({})));
}

TEST(catalog_doubts, end_with_a_reading_that_began_after_the_change) {
  catalog_doubts doubts({change(1, {"a"}), change(2, {"b"}), change(3, {"a"})});
  doubts.lift(2);
  EXPECT_FALSE(doubts.concern(names({"b"})));
  EXPECT_TRUE(doubts.concern(names({"a"}))) << "changed once more since";
  doubts.lift(3);
  EXPECT_FALSE(doubts.any());
}

TEST(catalog_doubts, may_be_about_everything) {
  const schema_change unknown{1, {true, {}}};
  catalog_doubts doubts({unknown});
  EXPECT_TRUE(doubts.concern(names({"anything"})));
  doubts.lift(1);
  EXPECT_FALSE(doubts.concern(names({"anything"})));
}

TEST(catalog_doubts, are_bounded) {
  std::vector<schema_change> kept;
  for (schema_generation i = 1; i <= 100'000; ++i) remember_change(kept, change(i, {"a"}));
  EXPECT_LE(kept.size(), 1'000U);
  catalog_doubts doubts(kept);
  EXPECT_TRUE(doubts.concern(names({"anything"})));
}

}  // namespace
}  // namespace highwater::proxy
