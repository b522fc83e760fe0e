#include "tests/fuzz/minimise.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace highwater::fuzz {
namespace {

program of_words(const std::string& words) {
  program made;
  for (const char c : words) made.steps.push_back({.requests = {query(std::string(1, c)), plain(ask::sync)}});
  return made;
}

std::string words_of(const program& what) {
  std::string words;
  for (const auto& one : what.steps) {
    for (const auto& each : one.requests) words += each.what == ask::sync ? "." : each.text;
  }
  return words;
}

bool has(const program& what, char word) {
  return words_of(what).find(word) != std::string::npos;
}

std::vector<std::string> smallest(round from, const std::function<bool(const round&)>& fails) {
  std::vector<std::string> left;
  for (const auto& one : minimise(std::move(from), fails, [] { return false; })) left.push_back(words_of(one));
  return left;
}

using lines = std::vector<std::string>;

TEST(minimise, leaves_what_it_takes_to_fail) {
  const round from{of_words("abcdefgh"), of_words("ijkl"), of_words("mnop")};
  EXPECT_EQ(smallest(from, [](const round& all) { return has(all[0], 'c'); }), (lines{"c", "", ""}));
  EXPECT_EQ(smallest(from, [](const round& all) { return has(all[0], 'a') && has(all[0], 'h') && has(all[2], 'n'); }),
            (lines{"ah", "", "n"}));
  EXPECT_EQ(smallest(from, [](const round& all) { return words_of(all[1]).find("j.") != std::string::npos; }),
            (lines{"", "j.", ""}));
}

TEST(minimise, keeps_everything_if_all_of_it_is_needed) {
  const round from{of_words("abc")};
  EXPECT_EQ(smallest(from, [&](const round& all) { return all == from; }), lines{"a.b.c."});
}

TEST(minimise, keeps_what_is_indispensable) {
  round from{of_words("abc")};
  from[0].steps[2].indispensable = true;
  EXPECT_EQ(smallest(from, [](const round& all) { return has(all[0], 'a'); }), lines{"ac."});
}

TEST(minimise, stops_when_it_has_taken_long_enough) {
  int asked = 0;
  const round from{of_words("abcdefgh")};
  minimise(
      from, [&](const round&) { return ++asked > 100; }, [&] { return asked >= 3; });
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace highwater::fuzz
