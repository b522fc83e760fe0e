#pragma once

// Settings of Highwater's that a server would take for ordinary ones: it accepts any name with a dot in it, and what
// was asked of Highwater would be lost without a word.

#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {

// Whether a statement, by the fields of its node, names highwater.* inside: as the constant name in set_config() or
// current_setting(), or in a SET that is part of it (ALTER ROLE, ALTER DATABASE, ALTER SYSTEM, CREATE FUNCTION). A part
// that resets one is no matter: it takes back what such a statement did without Highwater.
bool names_internal_setting(const json::object& statement);

}  // namespace highwater::sql
