#pragma once

// What a prepared statement takes and what it returns, as the answer to a Describe tells it.

#include <string>
#include <string_view>

namespace highwater::wire {

struct description {
  std::string parameter_types;  // count and OIDs: ParameterDescription's body, and the end of Parse's
  std::string columns;          // RowDescription's body; empty: it returns no rows

  // How many parameters a Bind has to supply.
  std::size_t parameters() const noexcept { return parameter_types.size() / 4; }

  friend bool operator==(const description&, const description&) = default;
};

// Does a client that has been told `columns` read rows of `others` rightly? What PostgreSQL compares before it runs a
// plan anew: names, types and type modifiers, in their order. Which table a column comes from does not matter, and the
// format is the portal's.
bool same_columns(std::string_view columns, std::string_view others) noexcept;

}  // namespace highwater::wire
