#pragma once

// The settings of a PostgreSQL session that drivers ask for, or set, of themselves. The console has them in order to
// say so: nothing depends on them.

#include <span>
#include <string_view>

#include "proxy/console/table.hpp"

namespace highwater::console {

struct session_setting {
  column shown;                 // what SHOW calls it; of type text
  std::string_view value;       // empty where it depends on who is connected; see identity
  bool reported = false;        // with ParameterStatus, at the beginning
  bool settable = true;         // SET says yes, and does nothing
  std::string_view words = {};  // another way to ask for it, as in SHOW TIME ZONE
};
std::span<const session_setting> session_settings() noexcept;

// By its name, in any case, or by its words. None: not one of these.
const session_setting* find_setting(std::string_view name) noexcept;

}  // namespace highwater::console
