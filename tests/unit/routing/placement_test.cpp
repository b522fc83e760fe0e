#include "routing/placement.hpp"

#include <gtest/gtest.h>

namespace highwater::routing {
namespace {

using config::level;
using enum sql::statement_kind;
using sql::statement;
using sql::statement_kind;

requirement needs(level what, std::chrono::milliseconds staleness = {}) {
  requirement made;
  made.level = what;
  made.max_staleness = staleness;
  return made;
}

TEST(placement, judges_a_batch_by_all_its_statements) {
  const struct {
    std::optional<statement_kind> before;
    statement_kind next, expected;
  } rows[] = {
      {std::nullopt, read, read},
      {std::nullopt, write, write},
      {read, read, read},
      {read, write, write},
      {write, read, write},
      {empty, read, read},
      {read, empty, read},
      {internal, internal, internal},
      {internal, read, write},
      {begin_read_only, read, begin_read_only},
      {begin, read, write},
      {read, begin_read_only, write},
      {commit, commit, write},
      {neutral, read, neutral},
      {read, neutral, neutral},
      {neutral, neutral, neutral},
      {begin_read_only, neutral, begin_read_only},
      {begin, neutral, write},
      {neutral, write, write},
      {neutral, commit, write},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(together(each.before, each.next), each.expected) << static_cast<int>(each.next);
  }
}

TEST(placement, sends_reads_and_what_only_reads_to_the_reads) {
  statement plain, explicit_write;
  explicit_write.read_only = false;
  const struct {
    const char* why;
    statement_kind kind;
    const statement* first;
    session_traits session;
    bool expected;
  } rows[] = {
      {"a read", read, &plain, {}, true},
      {"a write", write, &plain, {}, false},
      {"session pooling", read, &plain, {.stays_on_primary = true}, false},
      {"serializable by default", read, &plain, {.serializable = true}, false},
      {"begin", begin, &plain, {}, false},
      {"begin, read-only by default", begin, &plain, {.read_only_by_default = true}, true},
      {"begin read write, read-only by default", begin, &explicit_write, {.read_only_by_default = true}, false},
      {"begin read only", begin_read_only, &plain, {}, true},
      {"a read behind a BEGIN that writes", read, &plain, {.begun = false}, false},
      {"a commit behind a BEGIN that reads", commit, &plain, {.begun = true}, true},
      {"a write behind a BEGIN that reads", write, &plain, {.begun = true}, false},
      {"a savepoint behind a BEGIN that reads", neutral, &plain, {.begun = true}, true},
      {"a savepoint behind a BEGIN that writes", neutral, &plain, {.begun = false}, false},
      {"SET alone", neutral, &plain, {}, false},
  };
  for (const auto& each : rows)
    EXPECT_EQ(belongs_with_reads(each.kind, each.first, each.session), each.expected) << each.why;
}

TEST(placement, lets_reads_follow_reads_that_asked_for_as_much) {
  const auto on_replica = [](level next, level before) {
    return may_follow(read, needs(next), needs(before), lease_traits{});
  };
  const struct {
    level next, before;
    bool expected;
  } rows[] = {
      {level::eventual, level::eventual, true},
      {level::session, level::session, true},
      {level::session, level::eventual, false},
      {level::session, level::monotonic_reads, false},
      {level::read_your_writes, level::monotonic_reads, false},
      {level::monotonic_reads, level::session, true},
      {level::read_your_writes, level::causal, true},
      {level::session, level::strong, true},
      {level::causal, level::causal, false},  // others may have been told of more meanwhile
      {level::strong, level::strong, false},
      {level::primary, level::primary, false},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(on_replica(each.next, each.before), each.expected)
        << config::to_string(each.next) << " behind " << config::to_string(each.before);
  }
  const auto bound = std::chrono::seconds(1);
  EXPECT_FALSE(may_follow(read, needs(level::session, bound), needs(level::session, bound), lease_traits{}));
  EXPECT_FALSE(may_follow(read, needs(level::eventual), needs(level::session), {.stale = true}));
}

TEST(placement, lets_anything_follow_where_it_has_to_go_anyway) {
  for (const auto kind : {read, write, begin, commit}) {
    EXPECT_TRUE(may_follow(kind, needs(level::strong), {}, {.on_primary = true, .shown = true}));
    EXPECT_FALSE(may_follow(kind, needs(level::strong), {}, {.on_primary = true})) << "the gate is closed";
    EXPECT_TRUE(may_follow(kind, needs(level::strong), {}, {.bound = true}));
  }
  EXPECT_FALSE(may_follow(write, {}, {}, lease_traits{}));
  EXPECT_FALSE(may_follow(internal, {}, {}, {.on_primary = true, .shown = true}));
}

}  // namespace
}  // namespace highwater::routing
