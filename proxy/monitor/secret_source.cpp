#include "proxy/monitor/secret_source.hpp"

#include <algorithm>

namespace highwater::proxy {

using routing::no_node;
using routing::node_index;

node_index secret_source(const routing::cluster_view& view, node_index current) {
  if (view.has_primary()) return view.primary;
  if (current != no_node && view.nodes[current].usable) return current;
  const auto found = std::ranges::find(view.nodes, true, &routing::node_view::usable);
  return found == view.nodes.end() ? no_node : static_cast<node_index>(found - view.nodes.begin());
}

}  // namespace highwater::proxy
