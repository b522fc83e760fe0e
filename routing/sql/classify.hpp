#pragma once

// Consistency rule 14: what is not proved to be a read is a write.

#include <string_view>

#include "routing/sql/catalog.hpp"
#include "routing/sql/shape_key.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::sql {

inline constexpr std::size_t max_examined_bytes = std::size_t{1} << 20;

// Judges a whole text (of a Query or a Parse). With no catalogue nothing is known, so nothing that has a name in it is
// a read. Never throws but for want of memory.
//
// The text is read with standard_conforming_strings on and in an encoding in which every byte of a multibyte character
// is above 0x7f; where that does not hold the verdict means nothing.
statement classify(std::string_view sql, const catalog* cat);
// ... whose shape is known already.
statement classify(std::string_view sql, const shape& form, const catalog* cat);

}  // namespace highwater::sql
