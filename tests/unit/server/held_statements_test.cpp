#include "proxy/server/held_statements.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(held_statements, knows_what_was_added) {
  held_statements held;
  EXPECT_FALSE(held.knows(1));
  held.add(1);
  EXPECT_TRUE(held.knows(1));
  held.remove(1);
  EXPECT_FALSE(held.knows(1));
  held.add(2);
  held.clear();
  EXPECT_FALSE(held.knows(2));
}

// What was sent behind a DEALLOCATE ALL is there when all of it has been answered.
TEST(held_statements, drops_what_had_been_answered) {
  held_statements held;
  held.add(1);
  held.parsed(1);
  held.add(2);
  held.parsed(3);
  held.drop_parsed();
  EXPECT_FALSE(held.knows(1));
  EXPECT_TRUE(held.knows(2));
  EXPECT_FALSE(held.knows(3));
  held.parsed(2);
  held.drop_parsed();
  EXPECT_FALSE(held.knows(2));
}

TEST(held_statements, remembers_how_the_server_described_them) {
  held_statements held;
  const auto as = std::make_shared<const wire::description>();
  held.describe(1, as);
  EXPECT_EQ(held.described(1), nullptr) << "it has no such statement";
  held.add(1);
  EXPECT_EQ(held.described(1), nullptr);
  held.describe(1, as);
  EXPECT_EQ(held.described(1), as);
  held.remove(1);
  held.add(1);
  EXPECT_EQ(held.described(1), nullptr) << "another one by the same name";
}

TEST(held_statements, none_is_never_held) {
  held_statements held;
  held.add(0);
  EXPECT_FALSE(held.knows(0));
  EXPECT_EQ(held.surplus(0), 0u);
}

TEST(held_statements, gives_up_the_one_used_longest_ago) {
  held_statements held;
  for (const statement_id id : {1u, 2u, 3u}) held.add(id);
  EXPECT_EQ(held.surplus(3), 0u);
  EXPECT_EQ(held.surplus(2), 1u);
  EXPECT_TRUE(held.knows(1));
  EXPECT_EQ(held.surplus(2), 2u) << "asking for it was a use";
  held.add(2);
  EXPECT_EQ(held.surplus(2), 3u);
  held.remove(3);
  EXPECT_EQ(held.surplus(2), 0u);
}

}  // namespace
}  // namespace highwater::proxy
