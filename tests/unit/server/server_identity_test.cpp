#include "proxy/server/server_identity.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

constexpr routing::instant t(int milliseconds) {
  return routing::instant(std::chrono::hours(1)) + std::chrono::milliseconds(milliseconds);
}

// Rule 25. The connection stood at 10 ms, and its server says that it started at 500.
bool is_stranger_to(std::int64_t node_started, int node_sampled) {
  config::node name;
  name.name = "replica-1";
  routing::node_view known;
  known.started = node_started;
  known.sampled = t(node_sampled);
  return is_stranger(500, t(10), known, name).has_value();
}

TEST(is_stranger, tells_a_server_that_started_at_another_moment) {
  EXPECT_TRUE(is_stranger_to(501, 11));
  EXPECT_FALSE(is_stranger_to(500, 11));
}

TEST(is_stranger, waits_for_what_the_monitor_has_asked_since_the_connection_stood) {
  EXPECT_FALSE(is_stranger_to(501, 9));
  EXPECT_FALSE(is_stranger_to(501, 10));
}

TEST(is_stranger, says_nothing_where_the_monitor_was_not_told) {
  EXPECT_FALSE(is_stranger_to(0, 11));
}

TEST(is_stranger, names_the_node_and_what_to_do) {
  config::node name;
  name.name = "replica-1";
  name.host = "10.0.0.7";
  name.port = 5433;
  routing::node_view known;
  known.started = 501;
  known.sampled = t(11);
  const auto why = is_stranger(500, t(10), known, name);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, wire::sqlstate::connection_failure);
  EXPECT_NE(why->message.find("replica-1 (10.0.0.7:5433)"), std::string::npos);
  EXPECT_NE(why->hint.find("cluster.nodes"), std::string::npos);
}

}  // namespace
}  // namespace highwater::proxy
