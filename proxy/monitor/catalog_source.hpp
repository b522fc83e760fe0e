#pragma once

// Where to read a catalogue: rather from a replica, as a reading holds back what the primary's vacuum may clean up.

#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// A usable replica that has replayed all that the primary had written at `since`; no_node if none is known to have.
routing::node_index catalog_replica(const routing::cluster_view& view, routing::instant since) noexcept;

// Is there a replica that may come to be one?
bool may_have_replica(const routing::cluster_view& view) noexcept;

}  // namespace highwater::proxy
