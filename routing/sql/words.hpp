#pragma once

// Reads SQL word by word, for the few places where a text must be looked at besides its parse tree: the tree does not
// say where a prepared statement's name stands.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "routing/sql/statement.hpp"

namespace highwater::sql {

struct sql_word {
  enum class kind : std::uint8_t { bare, quoted, string, other };
  kind what = kind::other;
  std::string text;        // folded to lower case if bare, without quotes if quoted or a string
  std::size_t offset = 0;  // bytes
  std::size_t length = 0;
};

// The next word at or after `from`; nothing at the end, or where a quote or comment is not closed. Strings are read as
// '...' without escapes; every other character is a word of its own.
std::optional<sql_word> next_word(std::string_view sql, std::size_t from);

// Is there really nothing at or after `from`, not even a quote or a comment that is not closed?
bool is_end(std::string_view sql, std::size_t from);

// Where `name`, as the parser gives it, follows the bare word `keyword` (and `optional_word`, if it is there).
std::optional<name_in_text> find_name(std::string_view sql, std::size_t from, std::string_view keyword,
                                      std::string_view optional_word, std::string_view name);

}  // namespace highwater::sql
