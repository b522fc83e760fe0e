#include "bench/checker/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "bench/checker/report.hpp"

namespace highwater::bench {
namespace {

constexpr key_index key = 1;
constexpr std::size_t registers = 3;

std::string names(verdict found) {
  static constexpr const char* shorthand[] = {"own", "back", "causal", "strong"};
  std::string text;
  for (std::size_t kind = 0; kind < violation_count; ++kind)
    if (found[kind]) text += (text.empty() ? "" : " ") + std::string{shorthand[kind]};
  return text;
}

struct judged {
  const char* what;
  version wrote, read, told, aside;  // absent: never
  version seen;
  const char* expected;
};

TEST(judge, names_every_bound_that_a_read_is_older_than) {
  const judged cases[] = {
      {"nobody knows anything", absent, absent, absent, absent, 0, ""},
      {"nobody knows anything, not even the row is there", absent, absent, absent, absent, absent, ""},
      {"exactly the own write", 7, absent, 7, absent, 7, ""},
      {"newer than all", 7, 7, 7, 7, 8, ""},
      {"one before the own write", 7, absent, 7, absent, 6, "own causal strong"},
      {"one before the own read", absent, 7, 7, absent, 6, "back causal strong"},
      {"before both", 7, 7, 7, absent, 6, "own back causal strong"},
      {"between an own write and a later own read", 5, 9, 9, absent, 7, "back causal strong"},
      {"before what another session was told", 3, 3, 7, absent, 6, "causal strong"},
      {"before a write round the endpoint only", 3, 3, 5, 7, 6, "strong"},
      {"a write round the endpoint that is older than what was told", 3, 3, 7, 5, 6, "causal strong"},
      {"the row is missing where it was once read as 0", absent, 0, 0, absent, absent, "back causal strong"},
      {"the row is missing where another session was told of 0", absent, absent, 0, absent, absent, "causal strong"},
  };
  for (const auto& c : cases) {
    ledger known{registers};
    session_memory session{registers};
    session.wrote(key, c.wrote);
    session.read(key, c.read);
    known.tell(key, c.told);
    known.tell_aside(key, c.aside);
    EXPECT_EQ(names(session.judge(key, c.seen, known.before_read(key))), c.expected) << c.what;
  }
}

TEST(judge, does_not_mix_registers) {
  ledger known{registers};
  session_memory session{registers};
  session.wrote(0, 9);
  session.read(2, 9);
  known.tell(0, 9);
  known.tell_aside(2, 9);
  EXPECT_EQ(names(session.judge(key, 0, known.before_read(key))), "");
}

TEST(judge, is_not_bound_by_what_was_told_after_the_read_was_sent) {
  ledger known{registers};
  const session_memory session{registers};
  known.tell(key, 4);
  const auto before = known.before_read(key);
  known.tell(key, 5);
  known.tell_aside(key, 6);
  EXPECT_EQ(names(session.judge(key, 4, before)), "");
  EXPECT_EQ(names(session.judge(key, 4, known.before_read(key))), "causal strong");
}

TEST(session_memory, remembers_the_highest_version_even_after_it_went_back) {
  session_memory session{registers};
  session.read(key, 8);
  session.read(key, 3);
  session.wrote(key, 6);
  session.wrote(key, 5);
  EXPECT_EQ(session.last_read(key), 8);
  EXPECT_EQ(session.last_write(key), 6);
}

TEST(session_memory, promises_nothing_over_a_new_connection_but_the_ledger_does) {
  ledger known{registers};
  session_memory session{registers};
  session.wrote(key, 8);
  session.read(key, 8);
  known.tell(key, 8);
  session.forget();
  EXPECT_EQ(names(session.judge(key, 7, known.before_read(key))), "causal strong");
}

TEST(ledger, never_goes_back) {
  ledger known{registers};
  known.tell(key, 8);
  known.tell(key, 3);
  known.tell_aside(key, 5);
  EXPECT_EQ(known.before_read(key).told, 8);
  EXPECT_EQ(known.before_read(key).anywhere, 8);
}

TEST(ledger, keeps_the_highest_of_many_threads) {
  constexpr version each = 2000;
  ledger known{registers};
  {
    std::vector<std::jthread> threads;
    for (version first = 0; first < 4; ++first)
      threads.emplace_back([&, first] {
        for (version v = first; v < each; v += 4) known.tell(key, v);
      });
  }
  EXPECT_EQ(known.before_read(key).told, each - 1);
}

TEST(forbidden_by, follows_the_promises_of_the_levels) {
  const std::pair<const char*, const char*> cases[] = {
      {"eventual", ""},
      {"bounded", ""},
      {"monotonic_reads", "back"},
      {"read_your_writes", "own"},
      {"session", "own back"},
      {"causal", "own back causal"},
      {"strong", "own back causal strong"},
      {"primary", "own back causal strong"},
  };
  for (const auto& [level, expected] : cases) {
    EXPECT_TRUE(is_level(level)) << level;
    EXPECT_EQ(names(forbidden_by(level)), expected) << level;
  }
  EXPECT_FALSE(is_level("linearizable"));
  EXPECT_EQ(names(forbidden_by("linearizable")), "");
}

TEST(tally, counts_a_read_once_for_each_kind) {
  tally counted;
  counted.count(forbidden_by("session"));
  counted.count(forbidden_by("monotonic_reads"));
  tally other;
  other.count(forbidden_by("strong"));
  other.errors["40001"] = 2;
  counted.merge(other);
  EXPECT_THAT(counted.violations, testing::ElementsAre(2, 3, 1, 1));
  EXPECT_EQ(counted.error_count(), 2U);
}

}  // namespace
}  // namespace highwater::bench
