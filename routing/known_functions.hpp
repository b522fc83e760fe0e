#pragma once

// What Highwater knows of functions beyond their volatility (consistency rule 14). Judged by name alone, whatever the
// schema: a function of the user's that has such a name is treated with the same care.

#include <cstdint>
#include <string_view>

namespace highwater::routing {

enum class function_trait : std::uint8_t {
  ordinary,            // its volatility decides
  harmless,            // volatile in the server's own catalogue, but only reads, and the same on every node
  harmless_extension,  // the same for functions that come with well-known extensions
  session,             // tied to the backend or its session
  sequence,            // session, and tells what it has got from a sequence
  node_local,          // tells about the node it runs on
  runs_sql,            // stable, but reads whatever its argument names
  advisory_lock,       // session, and holds a lock until the session ends
  advisory_unlock,     // session, and may give the last such lock back
  set_config,          // session, and changes a setting
};

function_trait trait_of_function(std::string_view name) noexcept;

}  // namespace highwater::routing
