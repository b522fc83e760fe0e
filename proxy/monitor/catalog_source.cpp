#include "proxy/monitor/catalog_source.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

bool is_usable_replica(const routing::node_view& node) noexcept {
  return node.usable && node.role == routing::node_role::replica;
}

}  // namespace

routing::node_index catalog_replica(const routing::cluster_view& view, routing::instant since) noexcept {
  const auto at = view.history.covering(since);
  if (!at) return routing::no_node;
  for (routing::node_index node = 0; node < view.nodes.size(); ++node) {
    const auto& one = view.nodes[node];
    if (is_usable_replica(one) && covers(one.replayed, {view.system, view.timeline, *at})) return node;
  }
  return routing::no_node;
}

bool may_have_replica(const routing::cluster_view& view) noexcept {
  return std::ranges::any_of(view.nodes, is_usable_replica);
}

}  // namespace highwater::proxy
