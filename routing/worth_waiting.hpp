#pragma once

// `wait: auto`: how long a read waits for a replica before the next step of `on_stale` is taken. As long as a replica
// is expected soon, compared with what the primary would take; a replica that falls behind is not waited for.

#include <span>

#include "routing/balance.hpp"
#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"

namespace highwater::routing {

// How much a read may lose by not being the primary's: some times what the primary takes, within bounds.
duration worth(const cluster_view& view, std::span<const node_load> loads) noexcept;

// From its arrival on; zero if it is not worth its while. `soonest` is what the best replica is expected to take.
duration worth_waiting(duration soonest, const cluster_view& view, std::span<const node_load> loads) noexcept;

// What a read has to reckon with at this replica.
inline duration expected(const node_view& node, const node_load& load) noexcept {
  return node.catches_up_in + load.queues_for;
}

}  // namespace highwater::routing
