#pragma once

// The patterns by which policies name tables, databases, users and applications.

#include <string_view>

#include "routing/sql/statement.hpp"

namespace highwater::sql {

// `*` stands for any run of characters; everything else for itself.
bool matches_pattern(std::string_view pattern, std::string_view text) noexcept;

// A table pattern with a schema matches a relation of that schema, and one that the text leaves unqualified: which
// schema it means depends on the search path, and the stronger level is the safe guess.
bool matches_table(std::string_view pattern, const relation& table) noexcept;

}  // namespace highwater::sql
