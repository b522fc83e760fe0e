#include "bench/checker/histogram.hpp"

#include <gtest/gtest.h>

namespace highwater::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

TEST(latency_histogram, is_off_by_at_most_three_percent) {
  for (const nanoseconds one : {1ns, 31ns, 32ns, 33ns, 1'000ns, 65'535ns, 65'536ns, 1'234'567ns, 40'000'000ns}) {
    latency_histogram histogram;
    histogram.record(one);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5).count()), static_cast<double>(one.count()),
                0.03 * static_cast<double>(one.count()))
        << one.count();
  }
}

TEST(latency_histogram, gives_quantiles_over_what_was_merged) {
  latency_histogram fast, slow;
  for (int i = 0; i < 98; ++i) fast.record(10ns);
  for (int i = 0; i < 2; ++i) slow.record(20ns);
  fast.merge(slow);
  EXPECT_EQ(fast.count(), 100U);
  EXPECT_EQ(fast.quantile(0.5), 10ns);
  EXPECT_EQ(fast.quantile(0.98), 10ns);
  EXPECT_EQ(fast.quantile(0.99), 20ns);
  EXPECT_EQ(fast.quantile(0), 10ns);
  EXPECT_EQ(fast.quantile(1), 20ns);
}

TEST(latency_histogram, of_nothing_is_zero) {
  EXPECT_EQ(latency_histogram{}.quantile(0.99), 0ns);
}

TEST(latency_histogram, holds_the_longest_and_the_impossible) {
  latency_histogram histogram;
  histogram.record(nanoseconds::max());
  histogram.record(-5ns);
  EXPECT_EQ(histogram.quantile(0.5), 0ns);
  EXPECT_GT(histogram.quantile(1), 10h);
}

}  // namespace
}  // namespace highwater::bench
