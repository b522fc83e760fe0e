#pragma once

// SELECT set_config(name, '…', false) FROM pg_settings WHERE name = 'x': sets x, if the server knows such a setting. So
// pg_dump does it. The name is no constant where it stands, and yet known.

#include <optional>
#include <string_view>

#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {

// x, for a query of that form and nothing more: no other column, table, condition or WITH. None for any other.
std::optional<std::string_view> setting_of_the_row(const json::object& select);

// Is it the column that names the setting, not qualified?
bool names_the_row(const json::value& value);

}  // namespace highwater::sql
