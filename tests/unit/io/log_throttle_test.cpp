#include "proxy/io/log_throttle.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(log_throttle, lets_some_lines_through_each_second_and_counts_the_rest) {
  const std::chrono::steady_clock::time_point begin(std::chrono::hours(1));
  log_throttle some;
  int told = 0;
  for (int i = 0; i < 100; ++i) told += some.may_tell(begin + std::chrono::milliseconds(i)) ? 1 : 0;
  EXPECT_EQ(told, 5);
  EXPECT_FALSE(some.may_tell(begin + std::chrono::milliseconds(999)));
  EXPECT_TRUE(some.may_tell(begin + std::chrono::seconds(1)));
  EXPECT_EQ(some.untold(), 96u);
  EXPECT_EQ(some.untold(), 0u) << "they have been told of";
}

}  // namespace
}  // namespace highwater::proxy
