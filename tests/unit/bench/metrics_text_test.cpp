#include "bench/checker/metrics_text.hpp"

#include <gtest/gtest.h>

namespace highwater::bench {
namespace {

constexpr const char* exposition = R"(# HELP highwater_reads_total Reads
# TYPE highwater_reads_total counter
highwater_reads_total{node="a",role="primary",level="session",reason="on_stale"} 5
highwater_reads_total{node="b",role="replica",level="session",reason="fresh"} 20
highwater_reads_total{node="c",role="replica",level="causal",reason="a \"quoted\" } brace"} 1.5e2
highwater_reads_total_created{node="b",role="replica"} 1000
highwater_clients 7
)";

TEST(sum_of, adds_the_samples_that_carry_all_labels) {
  EXPECT_EQ(sum_of(exposition, "highwater_reads_total"), 175);
  EXPECT_EQ(sum_of(exposition, "highwater_reads_total", {{"role", "replica"}}), 170);
  EXPECT_EQ(sum_of(exposition, "highwater_reads_total", {{"role", "replica"}, {"level", "session"}}), 20);
  EXPECT_EQ(sum_of(exposition, "highwater_reads_total", {{"role", "cascade"}}), 0);
  EXPECT_EQ(sum_of(exposition, "highwater_reads_total", {{"ole", "replica"}}), 0);
}

TEST(sum_of, takes_names_as_a_whole_and_samples_without_labels) {
  EXPECT_EQ(sum_of(exposition, "highwater_clients"), 7);
  EXPECT_EQ(sum_of(exposition, "highwater_reads"), 0);
  EXPECT_EQ(sum_of("", "highwater_clients"), 0);
}

TEST(sum_of, does_not_trip_over_a_broken_line) {
  EXPECT_EQ(sum_of("m{a=\"b\nm{a=\"b\"\nm\nm 3", "m"), 3);
}

}  // namespace
}  // namespace highwater::bench
