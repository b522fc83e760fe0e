#include "tests/fuzz/generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/fuzz/transcript.hpp"

namespace highwater::fuzz {
namespace {

std::string text_of(const std::vector<program>& all) {
  std::string text;
  for (const auto& one : all) text += to_string(one);
  return text;
}

std::string many_rounds(const features& on, bool transaction_pooling = true, std::size_t count = 60) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += text_of(write_round({on, transaction_pooling, i}, seed_of(1, i)));
  return text;
}

TEST(generator, writes_the_same_for_the_same_seed) {
  const subject about{features::all(), true, 7};
  EXPECT_EQ(write_round(about, 42), write_round(about, 42));
  EXPECT_NE(text_of(write_round(about, 42)), text_of(write_round(about, 43)));
}

TEST(generator, has_two_to_four_clients) {
  std::set<std::size_t> counts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) counts.insert(write_round({}, seed).size());
  EXPECT_THAT(counts, testing::ElementsAre(2U, 3U, 4U));
}

TEST(generator, uses_all_that_it_has) {
  const auto text = many_rounds(features::all(), true, 300);
  for (const char* word : {"Query",
                           "Parse",
                           "Bind",
                           "Describe statement",
                           "Describe portal",
                           "Execute",
                           "Close statement",
                           "Close portal",
                           "Sync",
                           "Flush",
                           "CopyData",
                           "CopyDone",
                           "CopyFail",
                           "(go on)",
                           "(await the error)",
                           "(close)",
                           "(RST)",
                           "but for its last",
                           "rows 2",
                           "set role",
                           "set local",
                           "reset all",
                           "set_config",
                           "begin read only",
                           "savepoint",
                           "rollback to",
                           "deallocate all",
                           "prepare ",
                           "execute ",
                           "discard all",
                           "alter table",
                           "listen",
                           "temp table",
                           "advisory",
                           "with hold",
                           "setseed",
                           "currval",
                           "copy "}) {
    EXPECT_THAT(text, testing::HasSubstr(word));
  }
}

TEST(generator, leaves_out_what_it_is_told_to) {
  const struct {
    feature without;
    const char* word;
  } cases[] = {{feature::copy, "copy c"},          {feature::ddl, "alter table"}, {feature::listen, "listen "},
               {feature::role, "set role"},        {feature::vanish, "(close)"},  {feature::read_only, "read only"},
               {feature::hold, "with hold"},       {feature::seed, "setseed"},    {feature::sequence, "currval"},
               {feature::temporary, "temp table"}, {feature::lock, "advisory"},   {feature::eager, "await"}};
  for (const auto& one : cases) {
    auto on = features::all();
    on.set(one.without, false);
    EXPECT_THAT(many_rounds(on), testing::Not(testing::HasSubstr(one.word))) << to_string(one.without);
  }
}

// Each asks for its own things alone, so that what it is told does not depend on the others.
TEST(generator, keeps_clients_apart) {
  for (std::size_t i = 0; i < 200; ++i) {
    const auto all = write_round({features::all(), true, i}, seed_of(3, i));
    for (std::size_t client = 0; client < all.size(); ++client) {
      const auto text = to_string(all[client]);
      for (std::size_t other = 0; other < most_clients; ++other) {
        if (other == client) continue;
        EXPECT_THAT(text, testing::Not(testing::HasSubstr("c" + std::to_string(other) + ".")));
        EXPECT_THAT(text, testing::Not(testing::HasSubstr("_c" + std::to_string(other))));
      }
    }
  }
}

TEST(generator, comes_to_rest_before_it_waits_for_others) {
  for (std::size_t i = 0; i < 200; ++i) {
    for (const auto& one : write_round({features::all(), true, i}, seed_of(4, i))) {
      const auto meeting =
          std::find_if(one.steps.begin(), one.steps.end(), [](const step& each) { return each.then == then::meet; });
      ASSERT_NE(meeting, one.steps.end());
      EXPECT_TRUE((meeting - 1)->indispensable);
    }
  }
  EXPECT_THAT(many_rounds(features::all(), false), testing::Not(testing::HasSubstr("meet")));
}

}  // namespace
}  // namespace highwater::fuzz
