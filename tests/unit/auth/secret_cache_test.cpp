#include "proxy/auth/secret_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::chrono_literals;
using outcome = secret_answer::outcome;
using testing::ElementsAre;
using testing::IsEmpty;

instant at(std::chrono::milliseconds when) {
  return instant{1h} + when;
}

const secret_answer unknown{outcome::unknown};
const secret_answer unavailable{outcome::unavailable};

secret_answer secret(const std::string& text) {
  return {outcome::found, text};
}

std::string described(const secret_answer& answer) {
  if (answer.what == outcome::found) return "found " + answer.rolpassword;
  return answer.what == outcome::unknown ? "unknown" : "unavailable";
}

struct secret_cache_of_ten_seconds : testing::Test {
  // What is at hand, or "waits".
  std::string ask(const std::string& name, std::chrono::milliseconds when = 0ms, const std::string& as = "") {
    secret_cache::teller tell = [this, who = as.empty() ? name : as](const auto& answer) {
      told.push_back(who + ": " + described(answer));
    };
    const auto answer = cache.ask(name, tell, at(when));
    EXPECT_EQ(static_cast<bool>(tell), answer.has_value()) << "taken if and only if it has to wait";
    return answer ? described(*answer) : "waits";
  }
  std::string next() { return cache.has_next() ? cache.next().name : "nobody"; }
  void tell_all(const std::vector<secret_cache::teller>& tellers, const secret_answer& answer) {
    for (const auto& each : tellers) each(answer);
  }
  void answer(const secret_cache::question& asked, const secret_answer& answer, std::chrono::milliseconds when = 0ms) {
    tell_all(cache.answered(asked, answer, at(when)), answer);
  }
  void answer(const std::string& name, const secret_answer& given, std::chrono::milliseconds when = 0ms) {
    answer(cache.about(name), given, when);
  }

  secret_cache cache{10s, {3, 3, 4}};
  std::vector<std::string> told;
};

TEST_F(secret_cache_of_ten_seconds, tells_who_waits) {
  EXPECT_EQ(ask("a"), "waits");
  EXPECT_EQ(next(), "a");
  answer("a", secret("1"));
  EXPECT_THAT(told, ElementsAre("a: found 1"));
}

TEST_F(secret_cache_of_ten_seconds, looks_one_name_up_once) {
  ask("a", 0ms, "first");
  ask("a", 0ms, "second");
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(), "nobody");
  EXPECT_EQ(ask("a", 0ms, "third"), "waits") << "while it is looked up";
  EXPECT_EQ(next(), "nobody");
  answer("a", unknown);
  EXPECT_THAT(told, ElementsAre("first: unknown", "second: unknown", "third: unknown"));
}

TEST_F(secret_cache_of_ten_seconds, goes_by_who_came_first) {
  for (const char* name : {"b", "c", "a"}) ask(name);
  for (const char* name : {"b", "c", "a", "nobody"}) EXPECT_EQ(next(), name);
}

TEST_F(secret_cache_of_ten_seconds, keeps_what_is_certain_for_a_while) {
  const struct {
    secret_answer given;
    const char* before;
    const char* after;
  } rows[] = {
      {secret("1"), "found 1", "waits"},
      {secret(""), "found ", "waits"},
      {unknown, "unknown", "waits"},
      {unavailable, "waits", "waits"},
  };
  for (const auto& [given, before, after] : rows) {
    cache.give_up();
    cache.forget();
    answer("a", given);
    EXPECT_EQ(ask("a", 9'999ms), before);
    EXPECT_EQ(ask("a", 10s), after);
  }
}

TEST_F(secret_cache_of_ten_seconds, believes_the_newest_answer) {
  answer("a", secret("1"));
  answer("a", unknown, 1s);
  EXPECT_EQ(ask("a", 2s), "unknown");
  answer("a", secret("2"), 3s);
  EXPECT_EQ(ask("a", 4s), "found 2");
  answer("a", unavailable, 5s);
  EXPECT_EQ(ask("a", 6s), "found 2") << "this says nothing of the user";
}

TEST_F(secret_cache_of_ten_seconds, keeps_users_whatever_names_are_tried) {
  answer("user", secret("1"));
  for (int i = 0; i < 100; ++i) answer(std::to_string(i), unknown);
  EXPECT_EQ(ask("user"), "found 1");
  EXPECT_EQ(ask("99"), "unknown");
  EXPECT_EQ(ask("96"), "waits") << "of so many only the newest";
}

TEST_F(secret_cache_of_ten_seconds, lets_only_so_many_names_wait) {
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_EQ(ask(name), "waits");
  EXPECT_EQ(ask("e"), "unavailable");
  EXPECT_EQ(ask("a"), "waits") << "it is looked up anyway";
  next();
  EXPECT_EQ(ask("e"), "unavailable") << "one that is being looked up counts";
  answer("a", unknown);
  EXPECT_EQ(ask("e"), "waits");
}

TEST_F(secret_cache_of_ten_seconds, tells_all_when_there_is_nobody_to_ask) {
  for (const char* name : {"a", "b"}) ask(name);
  next();
  tell_all(cache.give_up(), unavailable);
  EXPECT_THAT(told, testing::UnorderedElementsAre("a: unavailable", "b: unavailable"));
  EXPECT_EQ(next(), "nobody");
  EXPECT_EQ(ask("a"), "waits");
  EXPECT_EQ(next(), "a") << "and again";
}

TEST_F(secret_cache_of_ten_seconds, takes_back_what_could_not_be_looked_up) {
  for (const char* name : {"a", "b"}) ask(name);
  const auto asked = cache.next();
  cache.again(asked);
  cache.again(cache.about("c"));
  for (const char* name : {"a", "b", "nobody"}) EXPECT_EQ(next(), name);
  EXPECT_EQ(ask("a"), "waits");
  EXPECT_EQ(next(), "nobody") << "it is still being looked up";
}

TEST_F(secret_cache_of_ten_seconds, takes_an_answer_that_was_asked_for_otherwise) {
  ask("a");
  answer("a", secret("1"));
  EXPECT_THAT(told, ElementsAre("a: found 1"));
  EXPECT_EQ(next(), "nobody");
}

TEST_F(secret_cache_of_ten_seconds, asks_again_behind_a_change) {
  answer("a", secret("1"));
  answer("b", unknown);
  cache.forget();
  EXPECT_EQ(ask("a"), "waits");
  EXPECT_EQ(ask("b"), "waits");
}

TEST_F(secret_cache_of_ten_seconds, tells_nobody_what_was_true_before_he_came) {
  ask("a", 0ms, "early");
  const auto asked = cache.next();
  cache.forget();
  ask("a", 0ms, "late");
  EXPECT_EQ(next(), "nobody") << "one question at a time";
  answer(asked, secret("old"));
  EXPECT_THAT(told, ElementsAre("early: found old"));
  EXPECT_EQ(ask("a", 0ms, "later"), "waits") << "it is not kept";
  EXPECT_EQ(next(), "a");
  told.clear();
  answer("a", secret("new"));
  EXPECT_THAT(told, ElementsAre("late: found new", "later: found new"));
}

TEST_F(secret_cache_of_ten_seconds, takes_names_as_postgresql_does) {
  const std::string longest(63, 'x');
  answer(longest, secret("1"));
  EXPECT_EQ(ask(longest + "yz"), "found 1") << "cut at 63 bytes";
  EXPECT_EQ(ask(""), "unknown");
  EXPECT_EQ(ask(std::string("a\0b", 3)), "unknown");
  EXPECT_EQ(ask("A' OR 1=1"), "waits") << "a name like any other";
  EXPECT_EQ(next(), "A' OR 1=1");
}

}  // namespace
}  // namespace highwater::auth
