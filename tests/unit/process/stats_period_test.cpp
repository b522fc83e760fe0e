#include "proxy/process/stats_period.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

console::stat_counters counted(std::uint64_t queries, std::uint64_t bytes, microseconds waited, std::uint64_t leases) {
  return {.server_assignments = leases, .queries = queries, .received_bytes = bytes, .wait_time = waited};
}

TEST(stats_period, tells_counts_by_the_second_and_times_by_what_they_are_of) {
  stats_period period;
  EXPECT_EQ(period.average("shop").queries, 0U) << "before the first is over";
  period.close({{"shop", counted(100, 1'000, microseconds(500), 10)}}, seconds(10));
  EXPECT_EQ(period.average("shop").queries, 10U);
  period.close({{"shop", counted(400, 61'000, microseconds(2'500), 30)}}, seconds(60));
  EXPECT_EQ(period.average("shop").queries, 5U) << "since the one before";
  EXPECT_EQ(period.average("shop").received_bytes, 1'000U);
  EXPECT_EQ(period.average("shop").wait_time, microseconds(100)) << "a lease";
  EXPECT_EQ(period.average("shop").query_time, microseconds(0)) << "of nothing";
  EXPECT_EQ(period.average("other").queries, 0U);
}

TEST(stats_period, begins_anew_with_a_database_that_was_forgotten) {
  stats_period period;
  period.close({{"shop", counted(100, 1'000, {}, 0)}}, seconds(10));
  period.close({{"shop", counted(20, 100, {}, 0)}}, seconds(10));
  EXPECT_EQ(period.average("shop").queries, 2U);
}

}  // namespace
}  // namespace highwater::proxy
