#pragma once

// A guess at whether a text holds DDL, for texts that are not parsed: those that are too long, and those that only a
// newer server understands.

#include <string_view>

namespace highwater::sql {

// True if a word that DDL begins with, or that runs code which may hold some, stands anywhere in the text, strings and
// comments included: without the parser nobody can tell those from the rest. So it may be wrong in one direction only,
// at the price of reading the catalogue again. Bulk inserts and queries in a newer syntax, which come again and again,
// should not pay it: INSERT INTO and ON CONFLICT DO are told apart.
bool may_be_ddl(std::string_view sql) noexcept;

}  // namespace highwater::sql
