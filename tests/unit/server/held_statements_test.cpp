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
