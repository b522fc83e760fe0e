#include "routing/sql/statement.hpp"

#include <algorithm>

namespace highwater::sql {

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
  less->prepares_read = false;
  // A function, or a table with another trigger.
  less->leaves = std::max(less->leaves, residue::discardable);
  return less;
}

}  // namespace highwater::sql
