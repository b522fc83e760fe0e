#include "proxy/server/held_statements.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

TEST(held_statements, knows_what_was_added) {
  held_statements held;
  EXPECT_FALSE(held.knows(1));
  held.add(1);
  EXPECT_TRUE(held.knows(1));
  held.remove(1);
  EXPECT_FALSE(held.knows(1));
  held.add(2);
  held.clear();
  EXPECT_FALSE(held.knows(2));
}

// What was sent behind a DEALLOCATE ALL is there when all of it has been answered.
TEST(held_statements, drops_what_had_been_answered) {
  held_statements held;
  held.add(1);
  held.parsed(1);
  held.add(2);
  held.parsed(3);
  held.drop_parsed();
  EXPECT_FALSE(held.knows(1));
  EXPECT_TRUE(held.knows(2));
  EXPECT_FALSE(held.knows(3));
  held.parsed(2);
  held.drop_parsed();
  EXPECT_FALSE(held.knows(2));
}

// What has been sent of one statement is answered in its order, or passed over behind an error.
TEST(held_statements, are_what_the_last_answer_made_of_them) {
  enum answer { done, skipped };
  struct step {
    char sent;  // P, C
    answer how;
  };
  struct row {
    const char* why;
    bool before;
    std::vector<step> steps;
    bool there;
  };
  const row rows[] = {
      {"parsed", false, {{'P', done}}, true},
      {"a Parse was passed over", false, {{'P', skipped}}, false},
      {"closed", true, {{'C', done}}, false},
      {"a Close was passed over", true, {{'C', skipped}}, true},
      {"both were passed over", true, {{'C', skipped}, {'P', skipped}}, true},
      {"closed, and the Parse passed over", true, {{'C', done}, {'P', skipped}}, false},
      {"closed and parsed", true, {{'C', done}, {'P', done}}, true},
      {"parsed and closed", false, {{'P', done}, {'C', done}}, false},
      {"parsed, and the Close passed over", false, {{'P', done}, {'C', skipped}}, true},
      {"neither was there nor parsed", false, {{'P', skipped}, {'C', skipped}}, false},
  };
  for (const auto& each : rows) {
    held_statements held;
    if (each.before) held.add(1), held.parsed(1);
    for (const auto& step : each.steps) step.sent == 'P' ? held.add(1, 7) : held.close(1, 7);
    EXPECT_TRUE(held.in_doubt(1, 8)) << each.why;
    EXPECT_FALSE(held.in_doubt(1, 7)) << each.why
                                      << ": what is sent behind an error in the same exchange is skipped too";
    for (const auto& step : each.steps) {
      if (step.how == skipped) held.skipped(1);
      if (step.how == done) step.sent == 'P' ? held.parsed(1) : held.closed(1);
    }
    EXPECT_FALSE(held.in_doubt(1, 8)) << each.why;
    EXPECT_EQ(held.knows(1), each.there) << each.why;
  }
}

TEST(held_statements, are_described_as_before_where_a_close_was_passed_over) {
  const auto as = std::make_shared<const wire::description>();
  for (const bool parsed_too : {false, true}) {
    held_statements held;
    held.add(1), held.parsed(1), held.describe(1, as);
    held.close(1, 7);
    if (parsed_too) held.add(1, 7), held.skipped(1);
    held.skipped(1);
    EXPECT_EQ(held.described(1), as);
    held.close(1, 8), held.closed(1), held.add(1, 9), held.parsed(1);
    EXPECT_EQ(held.described(1), nullptr) << "another one";
  }
}

TEST(held_statements, remembers_how_the_server_described_them) {
  held_statements held;
  const auto as = std::make_shared<const wire::description>();
  held.describe(1, as);
  EXPECT_EQ(held.described(1), nullptr) << "it has no such statement";
  held.add(1);
  EXPECT_EQ(held.described(1), nullptr);
  held.describe(1, as);
  EXPECT_EQ(held.described(1), as);
  held.remove(1);
  held.add(1);
  EXPECT_EQ(held.described(1), nullptr) << "another one by the same name";
}

TEST(held_statements, none_is_never_held) {
  held_statements held;
  held.add(0);
  EXPECT_FALSE(held.knows(0));
  EXPECT_EQ(held.surplus(0), 0u);
}

TEST(held_statements, gives_up_the_one_used_longest_ago) {
  held_statements held;
  for (const statement_id id : {1u, 2u, 3u}) held.add(id);
  EXPECT_EQ(held.surplus(3), 0u);
  EXPECT_EQ(held.surplus(2), 1u);
  EXPECT_TRUE(held.knows(1));
  EXPECT_EQ(held.surplus(2), 2u) << "asking for it was a use";
  held.add(2);
  EXPECT_EQ(held.surplus(2), 3u);
  held.remove(3);
  EXPECT_EQ(held.surplus(2), 0u);
}

}  // namespace
}  // namespace highwater::proxy
