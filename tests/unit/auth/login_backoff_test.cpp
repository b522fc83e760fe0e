#include "proxy/auth/login_backoff.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::auth {
namespace {

using namespace std::chrono_literals;
using delays = std::vector<std::chrono::milliseconds>;

instant at(std::chrono::milliseconds when) {
  return instant{1h} + when;
}

constexpr std::string_view here = "here", there = "there";

// What `times` failures at once are answered with, and after.
delays fail(login_backoff& backoff, std::string_view origin, std::string_view user, int times,
            std::chrono::milliseconds when = 0ms) {
  delays held;
  for (int i = 0; i < times; ++i) held.push_back(backoff.failed(origin, user, at(when)));
  return held;
}

TEST(login_backoff, holds_answers_back_for_longer_and_longer) {
  const delays expected{0ms, 0ms, 0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms};
  login_backoff backoff;
  EXPECT_EQ(fail(backoff, here, "app", 11), expected);
}

TEST(login_backoff, takes_its_numbers_from_its_rules) {
  backoff_rules rules;
  rules.free_failures = 0;
  rules.first = 1ms;
  rules.longest = 3ms;
  login_backoff backoff{rules};
  EXPECT_EQ(fail(backoff, here, "app", 5), (delays{1ms, 2ms, 3ms, 3ms, 3ms}));
  rules.longest = 0ms;
  login_backoff never{rules};
  EXPECT_EQ(fail(never, here, "app", 99), delays(99, 0ms));
}

TEST(login_backoff, takes_any_numbers) {
  backoff_rules rules;
  rules.first = 0ms;
  rules.longest = 1h;
  rules.refused_from = 1000;
  login_backoff slow{rules};
  EXPECT_EQ(fail(slow, here, "app", 999).back(), 1h);
  EXPECT_TRUE(slow.admits(here, at(0ms)));
  fail(slow, here, "app", 1);
  EXPECT_FALSE(slow.admits(here, at(0ms)));
}

TEST(login_backoff, counts_addresses_and_users) {
  const struct {
    const char* why;
    std::string_view origin, user;
    std::chrono::milliseconds held;
  } rows[] = {
      {"both again", here, "app", 200ms},
      {"the same address, another user", here, "other", 200ms},
      {"the same user, another address", there, "app", 200ms},
      {"neither", there, "other", 0ms},
      {"the same user over a Unix socket", "", "app", 200ms},
      {"another user over a Unix socket", "", "other", 0ms},
  };
  for (const auto& each : rows) {
    login_backoff backoff;
    fail(backoff, here, "app", 4);
    EXPECT_EQ(backoff.failed(each.origin, each.user, at(0ms)), each.held) << each.why;
  }
}

TEST(login_backoff, forgets_after_a_while) {
  login_backoff backoff;
  fail(backoff, here, "app", 30);
  EXPECT_EQ(backoff.failed(here, "app", at(4min)), 5000ms);
  EXPECT_EQ(backoff.failed(here, "app", at(9min)), 0ms);
  EXPECT_TRUE(backoff.admits(here, at(9min)));
}

TEST(login_backoff, refuses_an_address_that_goes_on) {
  login_backoff backoff;
  fail(backoff, here, "app", 19);
  EXPECT_TRUE(backoff.admits(here, at(0ms))) << "19";
  fail(backoff, here, "app", 1);
  EXPECT_FALSE(backoff.admits(here, at(0ms))) << "20";
  EXPECT_FALSE(backoff.admits(here, at(4999ms)));
  EXPECT_TRUE(backoff.admits(here, at(5000ms))) << "once";
  EXPECT_FALSE(backoff.admits(here, at(5000ms))) << "and who comes along with that one";
  fail(backoff, here, "app", 1, 6000ms);
  EXPECT_FALSE(backoff.admits(here, at(10'999ms)));
  EXPECT_TRUE(backoff.admits(here, at(11'000ms)));
}

TEST(login_backoff, lets_in_again_an_address_whose_admitted_attempt_came_to_nothing) {
  login_backoff backoff;
  fail(backoff, here, "app", 20);
  EXPECT_TRUE(backoff.admits(here, at(5s)));
  EXPECT_FALSE(backoff.admits(here, at(9'999ms)));
  EXPECT_TRUE(backoff.admits(here, at(10s)));
}

TEST(login_backoff, never_refuses_a_user_elsewhere) {
  login_backoff backoff;
  fail(backoff, here, "app", 1000);
  EXPECT_FALSE(backoff.admits(here, at(0ms)));
  EXPECT_TRUE(backoff.admits(there, at(0ms)));
  EXPECT_TRUE(backoff.admits("", at(0ms)));
}

TEST(login_backoff, never_refuses_a_unix_socket) {
  login_backoff backoff;
  fail(backoff, "", "app", 1000);
  EXPECT_TRUE(backoff.admits("", at(0ms)));
}

TEST(login_backoff, refuses_nobody_where_it_is_told_not_to) {
  backoff_rules rules;
  rules.refused_from = 0;
  login_backoff backoff{rules};
  EXPECT_EQ(fail(backoff, here, "app", 1000).back(), 5000ms);
  EXPECT_TRUE(backoff.admits(here, at(0ms)));
}

TEST(login_backoff, lets_everybody_in_again_once_the_password_is_right) {
  login_backoff backoff;
  fail(backoff, here, "app", 1000);
  ASSERT_TRUE(backoff.admits(here, at(5s)));
  backoff.succeeded(here, at(5s));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(backoff.admits(here, at(5s))) << i;
}

TEST(login_backoff, sells_one_failure_for_one_success) {
  login_backoff backoff;
  fail(backoff, here, "app", 19);
  for (int i = 0; i < 10; ++i) {
    backoff.succeeded(here, at(0ms));
    EXPECT_EQ(fail(backoff, here, std::to_string(i), 1), delays{5000ms});
    EXPECT_TRUE(backoff.admits(here, at(0ms)));
  }
  fail(backoff, here, "app", 1);
  EXPECT_FALSE(backoff.admits(here, at(0ms)));
}

TEST(login_backoff, does_not_forget_whom_an_address_has_tried_when_it_succeeds_as_another) {
  login_backoff backoff;
  fail(backoff, here, "app", 10);
  for (int i = 0; i < 10; ++i) backoff.succeeded(here, at(0ms));
  EXPECT_EQ(backoff.failed(here, "app", at(0ms)), 5000ms);
}

TEST(login_backoff, holds_so_many_names) {
  backoff_rules rules;
  rules.most_names = 8;
  login_backoff backoff{rules};
  fail(backoff, here, "app", 10);
  for (int i = 0; i < 100; ++i) backoff.failed(here, std::to_string(i), at(0ms));
  EXPECT_EQ(backoff.failed(there, "app", at(0ms)), 0ms) << "the user has been forgotten for 100 others";
  EXPECT_FALSE(backoff.admits(here, at(0ms))) << "but not the address that they came from";
}

TEST(origin_of, is_what_one_client_has) {
  const auto of = [](std::vector<std::uint8_t> bytes) {
    const auto origin = origin_of(bytes);
    return std::vector<std::uint8_t>(origin.begin(), origin.end());
  };
  using bytes = std::vector<std::uint8_t>;
  EXPECT_EQ(of({192, 0, 2, 1}), (bytes{192, 0, 2, 1}));
  EXPECT_EQ(of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1}), (bytes{192, 0, 2, 1}));
  EXPECT_EQ(of({0x20, 1, 0xD, 0xB8, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8}), (bytes{0x20, 1, 0xD, 0xB8, 0, 0, 0, 7}));
  EXPECT_EQ(of({}), bytes{});
}

}  // namespace
}  // namespace highwater::auth
