#include "proxy/auth/secret_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using outcome = secret_answer::outcome;

TEST(secret_answer, is_what_the_rows_say) {
  const std::string longest(1'024, 'x');
  const std::string longer(1'025, 'x');
  const struct {
    const char* why;
    lookup_rows given;
    outcome what;
    std::string secret;
    const char* problem;
  } rows[] = {
      {"a secret", {1, 2, "ann", "md5x"}, outcome::found, "md5x", ""},
      {"a long one", {1, 2, "ann", longest}, outcome::found, longest, ""},
      {"no password", {1, 2, "ann", std::nullopt}, outcome::found, "", ""},
      {"an empty one", {1, 2, "ann", ""}, outcome::found, "", ""},
      {"no such user", {0, 2}, outcome::unknown, "", ""},
      {"of a function that is no set", {1, 2, std::nullopt, std::nullopt}, outcome::unknown, "", ""},
      {"two rows", {2, 2, "ann", "md5x"}, outcome::unavailable, "", "2 rows"},
      {"one column", {1, 1, "ann"}, outcome::unavailable, "", "1 columns"},
      {"three columns", {1, 3, "ann", "md5x"}, outcome::unavailable, "", "3 columns"},
      {"... even without a row", {0, 3}, outcome::unavailable, "", "3 columns"},
      {"no rows at all, as of an UPDATE", {0, 0}, outcome::unavailable, "", "0 columns"},
      {"somebody else: LIKE", {1, 2, "anna", "md5x"}, outcome::unavailable, "", "another name"},
      {"somebody else: lower()", {1, 2, "Ann", "md5x"}, outcome::unavailable, "", "another name"},
      {"a secret of nobody", {1, 2, std::nullopt, "md5x"}, outcome::unavailable, "", "another name"},
      {"too long", {1, 2, "ann", longer}, outcome::unavailable, "", "1024 bytes"},
  };
  for (const auto& [why, given, what, secret, problem] : rows) {
    const auto made = judge(given, "ann");
    EXPECT_EQ(made.answer.what, what) << why;
    EXPECT_EQ(made.answer.rolpassword, secret) << why;
    EXPECT_THAT(made.problem, testing::HasSubstr(problem)) << why;
    EXPECT_EQ(made.problem.empty(), what != outcome::unavailable) << why;
    EXPECT_THAT(made.problem, testing::Not(testing::HasSubstr("md5x"))) << why;
  }
}

TEST(secret_answer, lets_in_who_has_a_secret) {
  EXPECT_TRUE((secret_answer{outcome::found, "md5x"}.may_log_in()));
  EXPECT_FALSE((secret_answer{outcome::found}.may_log_in()));
  EXPECT_FALSE((secret_answer{outcome::unknown}.may_log_in()));
  EXPECT_FALSE((secret_answer{}.may_log_in()));
}

TEST(secret_answer, is_stamped_by_its_secret) {
  EXPECT_EQ((secret_answer{outcome::found, "md5x"}.stamp()), (secret_answer{outcome::found, "md5x"}.stamp()));
  EXPECT_NE((secret_answer{outcome::found, "md5x"}.stamp()), (secret_answer{outcome::found, "md5y"}.stamp()));
}

}  // namespace
}  // namespace highwater::auth
