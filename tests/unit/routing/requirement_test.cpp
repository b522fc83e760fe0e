#include "routing/requirement.hpp"

#include <gtest/gtest.h>

namespace highwater::routing {
namespace {

using config::level;
using enum config::level;

TEST(join, keeps_both_promises) {
  for (std::size_t i = 0; i < config::level_count; ++i) {
    for (std::size_t j = 0; j < config::level_count; ++j) {
      const auto a = static_cast<level>(i), b = static_cast<level>(j);
      const bool meet = std::min(a, b) == monotonic_reads && std::max(a, b) == read_your_writes;
      EXPECT_EQ(join(a, b), meet ? session : std::max(a, b)) << config::to_string(a) << " + " << config::to_string(b);
    }
  }
}

TEST(join, keeps_the_tighter_bounds) {
  using ms = std::chrono::milliseconds;
  struct row {
    requirement a, b;
    ms staleness;
    std::uint64_t bytes;
  };
  const row rows[] = {
      {{bounded, ms(50), 0}, {bounded, ms(20), 0}, ms(20), 0},
      {{bounded, ms(50), 0}, {bounded, ms(0), 100}, ms(50), 100},
      {{bounded, ms(0), 300}, {bounded, ms(0), 200}, ms(0), 200},
      {{bounded, ms(50), 7}, {session, ms(0), 0}, ms(50), 7},
      {{eventual, ms(0), 0}, {session, ms(0), 0}, ms(0), 0},
  };
  for (const auto& each : rows) {
    for (const auto& both : {join(each.a, each.b), join(each.b, each.a)}) {
      EXPECT_EQ(both.max_staleness, each.staleness);
      EXPECT_EQ(both.max_lag_bytes, each.bytes);
      EXPECT_EQ(both.bounded(), each.staleness.count() != 0 || each.bytes != 0);
    }
  }
}

using step = config::stale_step;
const config::stale_steps to_primary{{step::kind::primary}}, refuse{{step::kind::error}}, take_it{{step::kind::stale}};
const config::stale_steps wait_and_take_it{{step::kind::wait, std::chrono::milliseconds(20)}, {step::kind::stale}};

requirement with(level l, const config::stale_steps* steps, bool own = true) {
  requirement need;
  need.level = l;
  need.on_stale = steps;
  need.own_on_stale = own;
  return need;
}
requirement by_default(level l, const config::stale_steps* steps) {
  return with(l, steps, false);
}

struct list_row {
  const char* why;
  requirement a, b;
  const config::stale_steps* list;
  bool stale;  // ... may be served
};

void expect_lists(const std::vector<list_row>& rows) {
  for (const auto& each : rows) {
    const auto both = join(each.a, each.b);
    EXPECT_EQ(both.on_stale, each.list) << each.why;
    EXPECT_EQ(names_stale(both) && both.takes_stale, each.stale) << each.why;
  }
}

TEST(join, prefers_the_list_that_is_written_at_a_policy) {
  expect_lists({
      {"of the stronger level", with(session, &to_primary), with(strong, &refuse), &refuse, false},
      {"of the stronger level, the other way", with(strong, &refuse), with(session, &to_primary), &refuse, false},
      {"of the first of equals", with(session, &to_primary), with(session, &refuse), &to_primary, false},
      {"none is no list", with(session, &to_primary), with(strong, nullptr), &to_primary, false},
      {"a policy's before the default", by_default(session, &to_primary), with(strong, &refuse), &refuse, false},
      {"at an equal level", by_default(session, &to_primary), with(session, &refuse), &refuse, false},
      {"at an equal level, the other way", with(session, &refuse), by_default(session, &to_primary), &refuse, false},
      {"at a lower level", by_default(strong, &to_primary), with(session, &refuse), &refuse, false},
      {"a default is the same everywhere", by_default(strong, &to_primary), by_default(session, &to_primary),
       &to_primary, false},
  });
}

TEST(join, serves_what_is_stale_only_where_both_take_it) {
  expect_lists({
      {"both do", with(session, &take_it), with(strong, &wait_and_take_it), &wait_and_take_it, true},
      {"the weaker does not", with(strong, &take_it), with(session, &refuse), &refuse, false},
      {"the stronger does not", with(session, &take_it), with(strong, &refuse), &refuse, false},
      {"the default is not asked", by_default(session, &to_primary), with(session, &take_it), &take_it, true},
      {"the default is, for more", by_default(strong, &to_primary), with(session, &take_it), &to_primary, false},
      {"the default says so for all", by_default(session, &take_it), by_default(strong, &take_it), &take_it, true},
      {"a policy says otherwise", by_default(strong, &take_it), with(session, &to_primary), &to_primary, false},
  });
  auto asked_for_more = by_default(strong, &take_it);
  asked_for_more.takes_stale = false;
  expect_lists({{"who asks for more does not", asked_for_more, by_default(session, &take_it), &take_it, false},
                {"in whichever order", by_default(session, &take_it), asked_for_more, &take_it, false}});
}

TEST(levels, say_what_they_ask_for) {
  struct row {
    level l;
    bool writes, back;
  };
  const row rows[] = {{eventual, false, false},
                      {bounded, false, false},
                      {monotonic_reads, false, true},
                      {read_your_writes, true, false},
                      {session, true, true},
                      {causal, true, true},
                      {strong, true, true}};
  for (const auto& each : rows) {
    EXPECT_EQ(sees_own_writes(each.l), each.writes) << config::to_string(each.l);
    EXPECT_EQ(never_goes_back(each.l), each.back) << config::to_string(each.l);
  }
}

}  // namespace
}  // namespace highwater::routing
