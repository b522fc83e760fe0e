#include "proxy/client/asked_level.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using enum config::level;

asked_level logged_in_with(asked_level::value level) {
  asked_level made;
  made.start(level, session);
  return made;
}

TEST(asked_level, lasts_until_it_is_reset) {
  auto one = logged_in_with(causal);
  one.set(strong, false, false);
  EXPECT_EQ(one.get(), strong);
  one.reset(false, false);
  EXPECT_EQ(one.get(), causal);
  EXPECT_EQ(logged_in_with(std::nullopt).get(), std::nullopt);
}

TEST(asked_level, is_undone_by_a_rollback) {
  auto one = logged_in_with(causal);
  one.set(strong, true, false);
  EXPECT_EQ(one.get(), strong);
  one.transaction_over(true);
  EXPECT_EQ(one.get(), causal);
  one.set(strong, true, false);
  one.transaction_over(false);
  EXPECT_EQ(one.get(), strong);
  one.transaction_over(true);
  EXPECT_EQ(one.get(), strong) << "that one has not touched it";
}

TEST(asked_level, of_a_transaction_ends_with_it) {
  auto one = logged_in_with(causal);
  one.set(strong, true, false);
  one.set(eventual, true, true);
  EXPECT_EQ(one.get(), eventual);
  one.transaction_over(false);
  EXPECT_EQ(one.get(), strong);
  one.set(eventual, true, true);
  one.transaction_over(true);
  EXPECT_EQ(one.get(), strong);
  one.set(eventual, false, true);
  EXPECT_EQ(one.get(), strong) << "no transaction, no effect";
}

TEST(asked_level, is_never_weaker_than_a_savepoint_may_have_left_it) {
  auto one = logged_in_with(std::nullopt);
  one.set(strong, true, false);
  one.set(eventual, true, false);
  one.partly_undone();
  EXPECT_EQ(one.get(), strong);
  one.transaction_over(false);
  EXPECT_EQ(one.get(), strong);

  auto by_default = logged_in_with(std::nullopt);
  by_default.set(eventual, true, false);
  by_default.partly_undone();
  EXPECT_EQ(by_default.get(), session);

  auto untouched = logged_in_with(causal);
  untouched.partly_undone();
  EXPECT_EQ(untouched.get(), causal);
}

}  // namespace
}  // namespace highwater::proxy
