#include "proxy/auth/recent_failures.hpp"

#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::chrono_literals;

instant at(std::chrono::milliseconds when) {
  return instant{1h} + when;
}

TEST(recent_failures, counts_by_name) {
  recent_failures failures{10, 100, 1min};
  EXPECT_EQ(failures.add("a", at(0ms)).count, 1U);
  EXPECT_EQ(failures.add("a", at(1ms)).count, 2U);
  EXPECT_EQ(failures.add("b", at(2ms)).count, 1U);
  EXPECT_EQ(failures.add("", at(2ms)).count, 1U);
  EXPECT_EQ(failures.find("a", at(3ms))->count, 2U);
  EXPECT_FALSE(failures.find("A", at(3ms)));
}

TEST(recent_failures, counts_no_further_than_asked) {
  recent_failures failures{10, 3, 1min};
  for (int i = 0; i < 9; ++i) failures.add("a", at(0ms));
  EXPECT_EQ(failures.find("a", at(0ms))->count, 3U);
}

TEST(recent_failures, forgets_after_a_while_without_failure) {
  recent_failures failures{10, 100, 1min};
  failures.add("a", at(0s));
  failures.add("a", at(59s));
  EXPECT_EQ(failures.find("a", at(118s))->count, 2U) << "a minute after the last";
  EXPECT_FALSE(failures.find("a", at(119s)));
  EXPECT_EQ(failures.add("a", at(119s)).count, 1U);
}

TEST(recent_failures, gives_the_room_of_old_ones_back) {
  recent_failures failures{10, 100, 1min};
  failures.add("a", at(0s));
  failures.add("b", at(1s));
  failures.add("a", at(2s));
  failures.add("c", at(61s));
  EXPECT_EQ(failures.size(), 2U);
  EXPECT_TRUE(failures.find("a", at(61s)));
}

TEST(recent_failures, of_too_many_forgets_who_has_not_failed_for_the_longest) {
  recent_failures failures{3, 100, 1min};
  for (const char* name : {"a", "b", "c", "a", "d"}) failures.add(name, at(0ms));
  EXPECT_EQ(failures.size(), 3U);
  EXPECT_FALSE(failures.find("b", at(0ms)));
  EXPECT_EQ(failures.find("a", at(0ms))->count, 2U);
  for (int i = 0; i < 1000; ++i) failures.add(std::to_string(i), at(0ms));
  EXPECT_EQ(failures.size(), 3U);
}

TEST(recent_failures, takes_back_one_at_a_time) {
  recent_failures failures{10, 100, 1min};
  failures.add("a", at(0ms));
  failures.add("a", at(0ms));
  failures.take_back("a", at(1ms));
  EXPECT_EQ(failures.find("a", at(1ms))->count, 1U);
  failures.take_back("a", at(1ms));
  EXPECT_FALSE(failures.find("a", at(1ms)));
  EXPECT_EQ(failures.size(), 0U);
  failures.take_back("a", at(1ms));
  EXPECT_EQ(failures.add("a", at(1ms)).count, 1U);
}

}  // namespace
}  // namespace highwater::auth
