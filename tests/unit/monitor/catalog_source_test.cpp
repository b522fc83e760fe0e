#include "proxy/monitor/catalog_source.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::no_node;
using routing::node_role;
using namespace std::chrono_literals;

constexpr routing::instant start{1h};

// The primary was at 100 at the start and at 200 ten milliseconds later.
routing::cluster_view cluster() {
  routing::cluster_view view;
  view.system = 7;
  view.timeline = 1;
  view.primary = 0;
  view.nodes.resize(3);
  view.nodes[0].role = node_role::primary;
  for (auto& each : view.nodes) each.usable = true;
  for (const routing::node_index replica : {1U, 2U}) {
    view.nodes[replica].role = node_role::replica;
    view.nodes[replica].replayed = {7, 1, 100};
  }
  view.history.record(start, 100);
  view.history.record(start + 10ms, 200);
  return view;
}

TEST(catalog_source, is_a_replica_that_has_what_is_asked_for) {
  auto view = cluster();
  EXPECT_EQ(catalog_replica(view, start), 1U);
  EXPECT_EQ(catalog_replica(view, start + 5ms), no_node) << "none has";
  view.nodes[2].replayed.at = 200;
  EXPECT_EQ(catalog_replica(view, start + 5ms), 2U);
  EXPECT_EQ(catalog_replica(view, start + 11ms), no_node) << "nobody knows yet";
  view.nodes[2].usable = false;
  EXPECT_EQ(catalog_replica(view, start + 5ms), no_node);
}

TEST(catalog_source, is_worth_waiting_for_while_there_are_replicas) {
  auto view = cluster();
  EXPECT_TRUE(may_have_replica(view));
  view.nodes[1].usable = view.nodes[2].usable = false;
  EXPECT_FALSE(may_have_replica(view));
}

}  // namespace
}  // namespace highwater::proxy
