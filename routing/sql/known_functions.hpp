#pragma once

// What Highwater knows of functions beyond their volatility (consistency rule 14). Judged by name alone, whatever the
// schema: a function of the user's that has such a name is treated with the same care.

#include <cstdint>
#include <string_view>

namespace highwater::sql {

enum class function_trait : std::uint8_t {
  ordinary,            // its volatility decides
  harmless,            // volatile in the server's own catalogue, but only reads, and the same on every node
  harmless_extension,  // the same for functions that come with well-known extensions
  session,             // tied to the backend or its session
  sequence,            // session, and tells what it has got from a sequence
  node_local,          // tells about the node it runs on
  runs_sql,            // reads whatever its argument names, whatever its volatility
  runs_text,           // runs the SQL in its argument
  setting,             // tells a setting, which may be the node's
  lasting,             // session, and only the connection's end takes away what it leaves behind
  temporary_slot,      // node_local; the slot that it makes may be as lasting
  transaction_lock,    // session, and holds a lock until the transaction ends
  advisory_lock,       // session, and holds a lock until the session ends
  advisory_unlock,     // session, and may give the last such lock back
  set_config,          // session, and changes a setting
};

function_trait trait_of_function(std::string_view name) noexcept;

// By pg_proc.oid, for FunctionCall messages: does what it leaves behind end with the transaction? Drivers call the
// functions for large objects so; of any other one, nothing is known.
bool ends_with_transaction(std::uint32_t function) noexcept;

}  // namespace highwater::sql
