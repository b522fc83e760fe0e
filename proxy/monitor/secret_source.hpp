#pragma once

// Which node is asked for the secrets of users.

#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// The primary; while none is known, a node that is in use, and as long as it is, the same (`current`). no_node: none
// is.
routing::node_index secret_source(const routing::cluster_view& view, routing::node_index current);

}  // namespace highwater::proxy
