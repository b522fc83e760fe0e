#pragma once

// Which names a statement that changes the schema is about: what the catalogue says of them is in doubt until it has
// been read again. Rather too many than too few.

#include <string_view>

#include "routing/sql/name_set.hpp"
#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {

// `type` and `fields` of its node: every name in it, or everything if what it changes is not named in it.
touched_names touched_by(std::string_view type, const json::object& fields);

// A DO block: every word of its code, if that may hold DDL.
touched_names touched_by_code(const json::object& fields);

// A text that is not parsed: every word of it.
touched_names touched_by_text(std::string_view sql);

// Does the statement make something temporary?
bool makes_temporary(const json::object& fields);

}  // namespace highwater::sql
