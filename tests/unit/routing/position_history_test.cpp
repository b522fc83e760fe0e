#include "routing/position_history.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using testing_support::t;

position_history three_samples() {
  position_history history;
  history.record(t(10), 100);
  history.record(t(20), 200);
  history.record(t(30), 300);
  return history;
}

TEST(position_history, covers_an_event_by_the_first_sample_sent_no_earlier) {
  const auto history = three_samples();
  struct row {
    instant event;
    std::optional<lsn> expected;
  };
  const row rows[] = {
      {never, 100}, {t(9), 100},      {t(10), 100}, {t(10.001), 200},
      {t(20), 200}, {t(29.999), 300}, {t(30), 300}, {t(30.001), std::nullopt},
  };
  for (const auto& each : rows) EXPECT_EQ(history.covering(each.event), each.expected);
}

TEST(position_history, tells_how_old_is_what_a_replica_shows) {
  const auto history = three_samples();
  EXPECT_EQ(history.reached(99), std::nullopt);
  EXPECT_EQ(history.reached(100), t(10));
  EXPECT_EQ(history.reached(299), t(20));
  EXPECT_EQ(history.reached(300), t(30));
  EXPECT_EQ(history.reached(1'000), t(30));
}

TEST(position_history, knows_nothing_at_first) {
  position_history history;
  EXPECT_TRUE(history.empty());
  EXPECT_EQ(history.covering(never), std::nullopt);
  EXPECT_EQ(history.reached(~lsn{0}), std::nullopt);
}

// On an idle primary a replica stays current without replaying anything (rule 13).
TEST(position_history, moves_the_last_sample_on_while_the_primary_is_idle) {
  auto history = three_samples();
  history.record(t(40), 300);
  EXPECT_EQ(history.samples().size(), 3U);
  EXPECT_EQ(history.covering(t(35)), lsn{300});
  EXPECT_EQ(history.reached(300), t(40));
  EXPECT_EQ(history.covering(t(41)), std::nullopt);
}

TEST(position_history, does_not_go_back) {
  auto history = three_samples();
  history.record(t(40), 250);
  EXPECT_EQ(history.newest().at, 300U);
  EXPECT_EQ(history.covering(t(40)), lsn{300});
}

TEST(position_history, is_empty_after_clear) {
  auto history = three_samples();
  history.clear();
  EXPECT_TRUE(history.empty());
  EXPECT_EQ(history.covering(t(1)), std::nullopt);
}

TEST(position_history, forgets_towards_the_safe_side) {
  constexpr std::size_t capacity = 8;
  position_history small(capacity), large(100'000);
  for (int i = 1; i <= 1'000; ++i) {
    small.record(t(i), lsn{10} * static_cast<lsn>(i));
    large.record(t(i), lsn{10} * static_cast<lsn>(i));
    ASSERT_LE(small.samples().size(), capacity);
    ASSERT_EQ(small.newest().at, lsn{10} * static_cast<lsn>(i));
  }
  for (int i = 1; i <= 1'000; ++i) {
    EXPECT_GE(small.covering(t(i)), large.covering(t(i)));
    EXPECT_LE(small.reached(lsn{10} * static_cast<lsn>(i)), large.reached(lsn{10} * static_cast<lsn>(i)));
  }
  EXPECT_LE(small.covering(t(1)), lsn{9'990}) << "the past is thinned out, not cut off";
}

TEST(position_history, keeps_its_bound_whatever_the_bound_is) {
  for (std::size_t capacity = 2; capacity < 9; ++capacity) {
    position_history history(capacity);
    for (int i = 1; i <= 100; ++i) history.record(t(i), static_cast<lsn>(i));
    EXPECT_LE(history.samples().size(), capacity);
    EXPECT_EQ(history.newest().at, 100U);
  }
}

}  // namespace
}  // namespace highwater::routing
