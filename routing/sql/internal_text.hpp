#pragma once

// SET highwater.level = primary: PRIMARY is a reserved word, so PostgreSQL's grammar refuses what its users will write.

#include <optional>
#include <string_view>

#include "routing/sql/statement.hpp"

namespace highwater::sql {

// Reads SET [SESSION | LOCAL] highwater.<name> { = | TO } <word> and nothing else.
std::optional<internal_command> parse_internal_text(std::string_view sql);

inline constexpr std::string_view internal_prefix = "highwater.";

}  // namespace highwater::sql
