#include "routing/sql/statement.hpp"

#include <algorithm>

namespace highwater::sql {

std::string_view to_string(write_reason reason) noexcept {
  switch (reason) {
    case write_reason::none:
      return "none";
    case write_reason::modifies_data:
      return "modifies_data";
    case write_reason::locks_rows:
      return "locks_rows";
    case write_reason::volatile_function:
      return "volatile_function";
    case write_reason::session_function:
      return "session_function";
    case write_reason::node_local:
      return "node_local";
    case write_reason::unknown_name:
      return "unknown_name";
    case write_reason::not_replicated:
      return "not_replicated";
    case write_reason::utility:
      return "utility";
    case write_reason::transaction:
      return "transaction";
    case write_reason::serializable:
      return "serializable";
    case write_reason::parse_failed:
      return "parse_failed";
    case write_reason::too_long:
      return "too_long";
    case write_reason::learned:
      return "learned";
  }
  return "unknown";
}

statement_ptr doubted(const statement_ptr& what) {
  using enum statement_kind;
  const bool proved = what->kind == read || what->kind == neutral || what->kind == begin_read_only;
  auto less = std::make_shared<statement>(*what);
  if (proved) {
    less->kind = write;
    less->reason = write_reason::unknown_name;
    less->detail = "changed a moment ago";
    less->writes = true;
  }
  // A function, or a table with another trigger.
  less->leaves = std::max(less->leaves, residue::discardable);
  return less;
}

std::string_view to_string(pin_reason reason) noexcept {
  switch (reason) {
    case pin_reason::none:
      return "none";
    case pin_reason::temporary_table:
      return "temporary_table";
    case pin_reason::listen:
      return "listen";
    case pin_reason::advisory_lock:
      return "advisory_lock";
    case pin_reason::hold_cursor:
      return "hold_cursor";
    case pin_reason::prepared_statement:
      return "prepared_statement";
    case pin_reason::load_library:
      return "load_library";
    case pin_reason::dynamic_setting:
      return "dynamic_setting";
    case pin_reason::session_identity:
      return "session_identity";
    case pin_reason::stateful_function:
      return "stateful_function";
    case pin_reason::sequence_value:
      return "sequence_value";
    case pin_reason::pool_mode:
      return "pool_mode";
  }
  return "unknown";
}

}  // namespace highwater::sql
