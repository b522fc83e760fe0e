#include "proxy/client/fifo.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace highwater::proxy {
namespace {

TEST(fifo, gives_back_in_the_order_in_which_it_was_given) {
  fifo<int> some;
  std::deque<int> expected;
  int next = 0;
  // Grows, shrinks to nothing, and stays in between.
  for (const int change : {3, -2, 200, -150, 500, -551, 1, -1, 300, -100, 100, -300}) {
    for (int i = 0; i < change; ++i, ++next) {
      some.push(next);
      expected.push_back(next);
    }
    for (int i = 0; i > change; --i) {
      ASSERT_EQ(some.front(), expected.front());
      ASSERT_EQ(some.pop(), expected.front());
      expected.pop_front();
    }
    ASSERT_EQ(some.size(), expected.size());
    ASSERT_EQ(some.next_number(), static_cast<std::uint64_t>(next));
    for (const int value : expected) ASSERT_EQ(some[static_cast<std::uint64_t>(value)], value) << "its number";
    ASSERT_EQ(some.empty(), expected.empty());
    EXPECT_TRUE(std::equal(some.begin(), some.end(), expected.begin(), expected.end()));
  }
  some.push(1);
  some.clear();
  EXPECT_TRUE(some.empty());
}

TEST(fifo, gives_some_up_out_of_turn) {
  fifo<int, 2> some;
  for (int i = 0; i < 5; ++i) some.push(i);
  some.pop();
  some.drop_second();
  some.drop_back();
  EXPECT_EQ(std::vector<int>(some.begin(), some.end()), (std::vector<int>{1, 3}));
  EXPECT_EQ(some.front(), 1);
  EXPECT_EQ(some.back(), 3);
}

}  // namespace
}  // namespace highwater::proxy
