// What the harness says about the proxy under test: its page of numbers, its readiness, and its end.

#include <gmock/gmock.h>

#include "tests/support/served_cluster.hpp"

namespace highwater::testing_support {
namespace {

TEST(target, samples_are_found_by_name_and_labels) {
  const std::string page =
      "# HELP reads_total Reads.\n"
      "# TYPE reads_total counter\n"
      "reads_total{node=\"a\",level=\"session\"} 3\n"
      "reads_total{node=\"a\",level=\"strong\"} 4\n"
      "reads_total{node=\"b\",level=\"strong\"} 1e3\n"
      "reads_total_created 7\n"
      "clients 2\n";
  EXPECT_EQ(sample_of(page, "reads_total"), 1007);
  EXPECT_EQ(sample_of(page, "reads_total", {{"node", "a"}}), 7);
  EXPECT_EQ(sample_of(page, "reads_total", {{"level", "strong"}, {"node", "b"}}), 1000);
  EXPECT_EQ(sample_of(page, "clients"), 2);
  EXPECT_EQ(sample_of(page, "reads_total", {{"node", "c"}}), std::nullopt);
  EXPECT_EQ(sample_of(page, "reads"), std::nullopt);
}

TEST(target, serves_clients_counts_and_ends_cleanly) {
  served_cluster served({.replicas = 1});
  auto session = served.connect();
  EXPECT_EQ(session.scalar("select 1"), "1");
  if (testing_direct()) return;
  EXPECT_THAT(served.proxy().metrics(), testing::HasSubstr("# TYPE "));
  EXPECT_GE(served.proxy().metric("highwater_logins_total"), 1);
  EXPECT_GE(served.proxy().metric("highwater_classify_cache_misses_total"), 1);
  EXPECT_GE(served.proxy().metric("highwater_parse_seconds_count"), 1);
  // A newer catalogue makes it forget.
  await("a shape is known again", [&] {
    session.must("select 1");
    return served.proxy().metric("highwater_classify_cache_hits_total") >= 1;
  });
  for (const auto& each : served.cluster().nodes()) {
    const auto age = served.proxy().metric("highwater_node_sample_age_seconds", {{"node", each->name()}});
    EXPECT_GT(age, 0) << each->name();
    EXPECT_LT(age, 60) << each->name();
  }
  EXPECT_EQ(http_get(served.proxy().http_port(), "/healthz").status, 200);
  EXPECT_TRUE(served.proxy().stop().success());
}

}  // namespace
}  // namespace highwater::testing_support
