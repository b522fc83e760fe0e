#pragma once

// The decision: where a statement runs, or what has to be waited for first, or why it cannot run. Pure functions, one
// value.

#include <cstdint>
#include <span>

#include "routing/balance.hpp"
#include "routing/cluster_view.hpp"
#include "routing/plan.hpp"
#include "routing/read_target.hpp"

namespace highwater::routing {

// `turn` counts up from one decision to the next, so that equally good nodes take turns.
plan decide_read(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
                 std::uint32_t turn);

// To the primary, unless there is none, or the caller doubts that it is still there, or the gate is closed (rule 9).
plan decide_write(const read_request& request, const cluster_view& view, std::span<const node_load> loads);

// Does `on_stale` name the primary, or the level?
bool may_use_primary(const requirement& need) noexcept;

// On whichever node can be used: for what any server can answer.
plan decide_anywhere(const cluster_view& view, std::span<const node_load> loads, node_index excluded = no_node);

}  // namespace highwater::routing
