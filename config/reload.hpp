#pragma once

// What of another configuration can be applied while running, and what needs a restart.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/node_places.hpp"

namespace highwater::config {

struct reload {
  struct config effective;           // the wanted one, but for what needs a restart: that stays as it is
  std::vector<std::string> changed;  // sections in which something is applied; secrets are not compared
  std::vector<std::string> kept;     // options that are wanted otherwise, and need a restart
  node_changes nodes;                // of `effective`
};

// Is an option, by its key as options_of() has it, read at the start only?
bool needs_restart(std::string_view key);

// `places`: of the nodes that are running. More of them than there are places left for need a restart.
reload plan_reload(const config& running, const config& wanted, const node_places& places);

}  // namespace highwater::config
