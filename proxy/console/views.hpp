#pragma once

// The views, each with its columns and rows, by file.

#include "proxy/console/fields.hpp"

namespace highwater::console {

// show_connections.cpp
shown_view clients_view() noexcept;
shown_view servers_view() noexcept;
// show_pools.cpp
shown_view pools_view() noexcept;
shown_view node_pools_view() noexcept;
// show_databases.cpp
shown_view databases_view() noexcept;
shown_view users_view() noexcept;
// show_stats.cpp
shown_view stats_view() noexcept;
shown_view stats_totals_view() noexcept;
shown_view stats_averages_view() noexcept;
// show_totals.cpp
shown_view totals_view() noexcept;
// show_cluster.cpp
shown_view nodes_view() noexcept;
shown_view routes_view() noexcept;
shown_view pins_view() noexcept;
// show_policies.cpp
shown_view policies_view() noexcept;
// show_process.cpp
shown_view lists_view() noexcept;
shown_view config_view() noexcept;
shown_view mem_view() noexcept;
shown_view version_view() noexcept;
shown_view state_view() noexcept;
// show_help.cpp
shown_view help_view() noexcept;

}  // namespace highwater::console
