#pragma once

// What each SHOW shows. The columns that PgBouncer has too are called and ordered as there (1.23), and ours come behind
// them.

#include <span>

#include "proxy/console/command.hpp"
#include "proxy/console/facts.hpp"
#include "proxy/console/table.hpp"

namespace highwater::console {

std::span<const column> columns_of(view what) noexcept;

// It reads: pools, node_pools: facts::pools. stats and totals of all kinds: stats. mem: memory. version, state:
// process. help: nothing. The others read the member of their own name.
table show(view what, const facts& known);

}  // namespace highwater::console
