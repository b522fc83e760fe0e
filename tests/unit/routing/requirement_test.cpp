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

TEST(join, takes_on_stale_of_the_stronger_level) {
  const config::stale_steps first, second;
  const auto with = [](level l, const config::stale_steps* steps) {
    requirement need;
    need.level = l;
    need.on_stale = steps;
    return need;
  };
  EXPECT_EQ(join(with(session, &first), with(strong, &second)).on_stale, &second);
  EXPECT_EQ(join(with(strong, &first), with(session, &second)).on_stale, &first);
  EXPECT_EQ(join(with(session, &first), with(session, &second)).on_stale, &first);
  EXPECT_EQ(join(with(session, &first), with(strong, nullptr)).on_stale, &first);
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
