#pragma once

// A primary and two replicas, as the routing tests like to see them.

#include <vector>

#include "routing/decide.hpp"

namespace highwater::routing::testing_support {

inline constexpr std::uint64_t this_system = 77;

// Milliseconds since the tests' beginning of time.
constexpr instant t(double milliseconds) {
  return instant(std::chrono::hours(1)) +
         std::chrono::duration_cast<duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

struct small_cluster {
  static constexpr node_index a = 0, b = 1, c = 2;

  small_cluster() : loads(3) {
    view.nodes.resize(3);
    view.system = this_system;
    view.timeline = 1;
    view.primary = a;
    view.settled = true;
    put(a, node_role::primary, 0, 10);
    put(b, node_role::replica, 0, 20);
    put(c, node_role::replica, 0, 30);
  }

  small_cluster& put(node_index node, node_role role, lsn at, incarnation_id incarnation) {
    auto& one = view.nodes[node];
    one.role = role;
    one.usable = true;
    one.incarnation = incarnation;
    one.replayed = {this_system, view.timeline, at};
    one.sampled = t(0);
    return *this;
  }
  small_cluster& primary_at(lsn at, instant sent) {
    view.history.record(sent, at);
    view.nodes[a].replayed.at = at;
    view.nodes[a].sampled = sent;
    return *this;
  }
  small_cluster& replicas_at(lsn of_b, lsn of_c) {
    view.nodes[b].replayed.at = of_b;
    view.nodes[c].replayed.at = of_c;
    return *this;
  }
  small_cluster& without(node_index node) {
    view.nodes[node].usable = false;
    if (view.primary == node) view.primary = no_node;
    return *this;
  }

  cluster_view view;
  std::vector<node_load> loads;
};

}  // namespace highwater::routing::testing_support
