#include "proxy/auth/standing_round.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::chrono_literals;
using outcome = secret_answer::outcome;

instant at(std::chrono::milliseconds when) {
  return instant{1h} + when;
}

const secret_answer unknown{outcome::unknown};
const secret_answer secret{outcome::found, "1"};
const secret_answer other_secret{outcome::found, "2"};

std::vector<std::string> described(const std::vector<revoked_user>& revoked) {
  std::vector<std::string> text;
  for (const auto& [who, why] : revoked) {
    text.push_back(who.name + (who.stamp == secret.stamp() ? " " : " (other) ") + std::string(to_string(why)));
  }
  return text;
}

TEST(standing_round, revokes_by_what_is_certain) {
  const struct {
    const char* why;
    secret_answer answer;
    std::vector<std::string> revoked;
  } rows[] = {
      {"the same", secret, {}},
      {"no such user any more", unknown, {"ann gone"}},
      {"no password any more, or it has expired", {outcome::found, ""}, {"ann gone"}},
      {"another password", other_secret, {"ann changed"}},
      {"nobody could be asked", {outcome::unavailable}, {}},
  };
  for (const auto& [why, answer, revoked] : rows) {
    standing_round round{10s, at(0s)};
    round.begin({{"ann", secret.stamp()}}, at(10s));
    EXPECT_EQ(described(round.answered("ann", answer)), revoked) << why;
    EXPECT_TRUE(round.wants_users()) << why;
  }
}

TEST(standing_round, tells_sessions_of_one_user_apart) {
  standing_round round{10s, at(0s)};
  round.begin({{"ann", secret.stamp()}, {"bob", secret.stamp()}, {"ann", other_secret.stamp()}}, at(10s));
  EXPECT_EQ(round.next(), "ann");
  EXPECT_THAT(described(round.answered("ann", secret)), testing::ElementsAre("ann (other) changed"));
  EXPECT_EQ(round.next(), "bob");
  EXPECT_THAT(described(round.answered("carl", unknown)), testing::IsEmpty()) << "who is not logged in";
  EXPECT_EQ(round.next(), "bob");
}

TEST(standing_round, begins_once_each_period) {
  standing_round round{10s, at(0s)};
  EXPECT_TRUE(round.wants_users());
  EXPECT_EQ(round.due(), at(10s));
  round.begin({}, at(12s));
  EXPECT_TRUE(round.wants_users()) << "nobody is logged in";
  EXPECT_EQ(round.due(), at(22s));
}

TEST(standing_round, asks_at_its_leisure_but_within_the_period) {
  const struct {
    const char* why;
    std::chrono::milliseconds period;
    int users;
    std::chrono::steady_clock::duration gap;
  } rows[] = {
      {"few", 10s, 3, 10ms},
      {"as many as fit", 10s, 1'000, 10ms},
      {"more", 10s, 4'000, 2'500us},
      {"a short period", 100ms, 20, 5ms},
  };
  for (const auto& [why, period, users, gap] : rows) {
    standing_round round{period, at(0s)};
    std::vector<standing_user> all;
    for (int i = 0; i < users; ++i) all.push_back({std::to_string(i), secret.stamp()});
    round.begin(all, at(0s));
    EXPECT_EQ(round.due(), at(0s)) << why;
    round.answered(round.next(), secret);
    EXPECT_EQ(round.due(), at(0s) + gap) << why;
  }
}

TEST(standing_round, begins_anew_at_once_when_there_are_news) {
  standing_round round{10s, at(0s)};
  round.hurry(at(1s));
  EXPECT_TRUE(round.wants_users());
  EXPECT_EQ(round.due(), at(1s));
  round.begin({{"ann", secret.stamp()}}, at(1s));
  round.hurry(at(2s));
  EXPECT_FALSE(round.wants_users()) << "this one is finished first";
  round.answered("ann", secret);
  EXPECT_EQ(round.due(), at(2s));
}

}  // namespace
}  // namespace highwater::auth
