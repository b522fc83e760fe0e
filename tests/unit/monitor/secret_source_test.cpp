#include "proxy/monitor/secret_source.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::no_node;
using routing::node_index;

TEST(secret_source, is_the_primary_or_whoever_is_in_use) {
  const struct {
    const char* why;
    node_index primary;
    std::vector<bool> usable;
    node_index current;
    node_index source;
  } rows[] = {
      {"the primary", 1, {true, true, true}, no_node, 1},
      {"... also from elsewhere", 1, {true, true, true}, 0, 1},
      {"no primary: a replica", no_node, {false, false, true}, no_node, 2},
      {"... the same as before", no_node, {true, true, true}, 1, 1},
      {"... unless it is not in use", no_node, {true, false, true}, 1, 0},
      {"nobody", no_node, {false, false, false}, 1, no_node},
  };
  for (const auto& [why, primary, usable, current, source] : rows) {
    routing::cluster_view view;
    for (const bool each : usable) view.nodes.emplace_back().usable = each;
    view.primary = primary;
    EXPECT_EQ(secret_source(view, current), source) << why;
  }
}

}  // namespace
}  // namespace highwater::proxy
