#include "proxy/auth/kept_answers.hpp"

#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::chrono_literals;

instant at(std::chrono::milliseconds when) {
  return instant{1h} + when;
}

secret_answer secret(const char* text) {
  return {secret_answer::outcome::found, text};
}

TEST(kept_answers, hold_for_a_while) {
  kept_answers answers{10, 10s};
  answers.put("a", secret("1"), at(0s));
  EXPECT_EQ(answers.find("a", at(9'999ms))->rolpassword, "1");
  EXPECT_FALSE(answers.find("a", at(10s)));
  EXPECT_FALSE(answers.find("A", at(0s)));
}

TEST(kept_answers, are_replaced_and_hold_anew) {
  kept_answers answers{10, 10s};
  answers.put("a", secret("1"), at(0s));
  answers.put("a", secret("2"), at(6s));
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers.find("a", at(15s))->rolpassword, "2");
}

TEST(kept_answers, give_the_room_of_old_ones_back) {
  kept_answers answers{10, 10s};
  for (const char* name : {"a", "b"}) answers.put(name, secret("1"), at(0s));
  answers.put("c", secret("1"), at(10s));
  EXPECT_EQ(answers.size(), 1U);
}

TEST(kept_answers, of_too_many_the_oldest_goes) {
  kept_answers answers{3, 10s};
  for (const char* name : {"a", "b", "c", "a", "d"}) answers.put(name, secret("1"), at(0s));
  EXPECT_EQ(answers.size(), 3U);
  EXPECT_FALSE(answers.find("b", at(0s)));
  EXPECT_TRUE(answers.find("a", at(0s)));
}

TEST(kept_answers, are_forgotten) {
  kept_answers answers{10, 10s};
  for (const char* name : {"a", "b", "c"}) answers.put(name, secret("1"), at(0s));
  answers.forget("b");
  answers.forget("b");
  EXPECT_FALSE(answers.find("b", at(0s)));
  EXPECT_TRUE(answers.find("c", at(0s)));
  answers.clear();
  EXPECT_FALSE(answers.find("c", at(0s)));
  EXPECT_EQ(answers.size(), 0U);
}

}  // namespace
}  // namespace highwater::auth
