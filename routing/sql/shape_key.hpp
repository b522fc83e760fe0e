#pragma once

// The literal-free key of a piece of SQL, found in one pass without parsing it, and the hint for Highwater that its
// comments may carry.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/level.hpp"

namespace highwater::sql {

// What stands for a literal in a key. Numbers and strings differ, because the grammar has places for the one and not
// for the other; names of Highwater's own settings do, because current_setting() of such a name is refused, and names
// of settings that belong to a node, because it tells of the node.
inline constexpr char number_marker = '\x01';
inline constexpr char string_marker = '\x02';
inline constexpr char internal_marker = '\x04';  // a string that begins with highwater. in any case
inline constexpr char node_setting_marker = '\x05';
inline constexpr char parameter_marker = '\x03';  // $n in a list after IN; elsewhere $n stays as it is

struct shape {
  bool ok = false;                          // false: the lexer was not sure of something, the key means nothing
  std::uint32_t tokens = 0;                 // bounds how deep the parse tree can be
  std::optional<config::level> hint_level;  // of the hint comments; the last one counts
  bool bad_hint = false;                    // a hint with an unknown key or value
};

// Writes the key of `sql` to `key`: numbers and strings become markers, comments and white space one space; all else
// stays as it is. IN (1, 2, 3) becomes IN (1). Follows src/backend/parser/scan.l of PostgreSQL 15 with
// standard_conforming_strings on, for client encodings in which no byte of a multibyte character is ASCII.
//
// Everything rests on this: two texts with the same key differ in the values of literals and in the number of items in
// lists after IN only. So anything unusual
// (unterminated quotes, junk after a number, strings continued on another line, U&"identifiers", control characters)
// is not ok rather than guessed. Does not allocate if `key` has room for sql.size() bytes.
shape make_shape_key(std::string_view sql, std::string& key);

}  // namespace highwater::sql
