#include "metrics/exposition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>

namespace highwater::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

struct page : testing::Test {
  page() : monitor(2), one({2, 2, 3, 3, 2}), other({2, 2, 3, 3, 2}) {
    nodes[0] = {"primary", true, 5'000, 0, -1, 0.25, 0.001};
    nodes[1] = {"replica", false, 4'000, 1'000, 1.5, -1, -1, 0.002};
  }
  std::string text() const { return expose(names, nodes, monitor, {&one, &other}, "1.2.3"); }

  vocabulary names{{"a", "b"},
                   {"eventual", "session"},
                   {"fresh", "fallback", "stale"},
                   {"none", "listen", "load"},
                   {"refused", "timeout"},
                   {1},
                   {2}};
  std::vector<node_status> nodes{2};
  monitor_probe monitor;
  worker_probe one, other;
};

TEST_F(page, shows_each_node) {
  const auto shown = text();
  for (const char* line : {
           "highwater_node_role{node=\"a\",role=\"primary\"} 1",
           "highwater_node_role{node=\"a\",role=\"replica\"} 0",
           "highwater_node_role{node=\"b\",role=\"replica\"} 1",
           "highwater_node_up{node=\"a\"} 1",
           "highwater_node_up{node=\"b\"} 0",
           "highwater_node_position_bytes{node=\"a\"} 5000",
           "highwater_node_replay_lag_bytes{node=\"b\"} 1000",
           "highwater_node_replay_lag_seconds{node=\"b\"} 1.5",
           "highwater_node_sample_age_seconds{node=\"a\"} 0.25",
           "highwater_node_answer_seconds{node=\"a\"} 0.001",
           "highwater_node_catch_up_seconds{node=\"b\"} 0.002",
           "highwater_flush_nudges_total 0",
           "highwater_build_info{version=\"1.2.3\"} 1",
       }) {
    EXPECT_THAT(shown, HasSubstr(std::string(line) + "\n"));
  }
}

TEST_F(page, leaves_out_what_is_not_known) {
  const auto shown = text();
  EXPECT_THAT(shown, Not(HasSubstr("highwater_node_replay_lag_bytes{node=\"a\"}"))) << "a primary has no lag";
  EXPECT_THAT(shown, Not(HasSubstr("highwater_node_replay_lag_seconds{node=\"a\"}")));
  EXPECT_THAT(shown, Not(HasSubstr("highwater_node_sample_age_seconds{node=\"b\"}")));
}

TEST_F(page, adds_up_the_workers) {
  one.read_routed(1, 1, 0);
  other.read_routed(1, 1, 0);
  other.read_routed(0, 1, 1);
  other.read_routed(1, 0, 2);
  one.write_routed(0);
  other.write_routed(0);
  one.clients.add(3);
  one.relays.add(2);
  other.relays.add(1);
  other.clients.add(2);
  one.clients.add(-1);
  one.pinned(1);
  one.retried(retry_cause::recovery_conflict);
  one.connection_moved(1, connection_state::idle, 2);
  other.connection_moved(1, connection_state::idle, -1);
  monitor.sampled(0, true);
  monitor.sampled(0, true);
  monitor.failed(1);
  const auto shown = text();
  for (const char* line : {
           "highwater_reads_total{node=\"b\",role=\"replica\",level=\"session\",reason=\"fresh\"} 2",
           "highwater_reads_total{node=\"a\",role=\"primary\",level=\"session\",reason=\"fallback\"} 1",
           "highwater_fallbacks_total{level=\"session\"} 1",
           "highwater_fallbacks_total{level=\"eventual\"} 0",
           "highwater_stale_served_total{level=\"eventual\"} 1",
           "highwater_stale_served_total{level=\"session\"} 0",
           "highwater_writes_total{node=\"a\"} 2",
           "highwater_writes_total{node=\"b\"} 0",
           "highwater_clients 4",
           "highwater_replication_connections 3",
           "highwater_pins_total{reason=\"listen\"} 1",
           "highwater_pins_total{reason=\"load\"} 0",
           "highwater_retries_total{cause=\"recovery_conflict\"} 1",
           "highwater_retries_total{cause=\"read_only\"} 0",
           "highwater_server_connections{node=\"b\",state=\"idle\"} 1",
           "highwater_position_samples_total{node=\"a\",role=\"primary\"} 2",
           "highwater_position_sample_failures_total{node=\"b\"} 1",
       }) {
    EXPECT_THAT(shown, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(shown, Not(HasSubstr("reason=\"none\""))) << "not being pinned is no reason";
}

TEST_F(page, shows_durations_as_cumulative_buckets) {
  using namespace std::chrono_literals;
  one.freshness_wait.observe(50us);
  other.freshness_wait.observe(51us);
  one.freshness_wait.observe(3ms);
  one.freshness_wait.observe(20s);
  const auto shown = text();
  for (const char* line : {
           "highwater_freshness_wait_seconds_bucket{le=\"5e-05\"} 1",
           "highwater_freshness_wait_seconds_bucket{le=\"0.0001\"} 2",
           "highwater_freshness_wait_seconds_bucket{le=\"0.0025\"} 2",
           "highwater_freshness_wait_seconds_bucket{le=\"0.005\"} 3",
           "highwater_freshness_wait_seconds_bucket{le=\"10\"} 3",
           "highwater_freshness_wait_seconds_bucket{le=\"+Inf\"} 4",
           "highwater_freshness_wait_seconds_count 4",
           "# TYPE highwater_freshness_wait_seconds histogram",
       }) {
    EXPECT_THAT(shown, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(shown, HasSubstr("highwater_freshness_wait_seconds_sum 20.003101"));
}

TEST_F(page, names_each_metric_once_with_help_and_type) {
  std::istringstream lines(text());
  std::set<std::string> helped, typed;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, what, name;
    words >> mark >> what >> name;
    if (mark != "#") {
      EXPECT_TRUE(mark.starts_with("highwater_")) << line;
      continue;
    }
    EXPECT_TRUE((what == "HELP" ? helped : typed).insert(name).second) << line;
    const bool counts = line.ends_with(" counter");
    EXPECT_EQ(what == "TYPE" && name.ends_with("_total"), counts) << line;
  }
  EXPECT_EQ(helped, typed);
  EXPECT_GT(helped.size(), 25U);
}

TEST(duration_histogram, puts_a_bound_into_its_own_bucket) {
  for (std::size_t i = 0; i < duration_histogram::upper_seconds.size(); ++i) {
    duration_histogram some;
    const auto bound = std::chrono::nanoseconds(std::llround(duration_histogram::upper_seconds[i] * 1e9));
    some.observe(bound);
    some.observe(bound + std::chrono::nanoseconds(100));
    EXPECT_EQ(some.in_bucket(i), 1) << i;
    EXPECT_EQ(some.in_bucket(i + 1), 1) << i;
  }
}

TEST_F(page, has_nothing_of_a_node_that_is_there_no_more_but_its_part_of_what_is_counted_together) {
  one.read_routed(1, 1, 1);
  one.write_routed(1);
  one.connection_moved(1, connection_state::idle, 1);
  monitor.sampled(1, false);
  names.nodes[1].clear();
  const auto shown = text();
  EXPECT_THAT(shown, Not(HasSubstr("node=\"\"")));
  EXPECT_THAT(shown, Not(HasSubstr("node=\"b\"")));
  EXPECT_THAT(shown, HasSubstr("highwater_fallbacks_total{level=\"session\"} 1\n"));
}

}  // namespace
}  // namespace highwater::metrics
