#pragma once

// What a SHOW answers with: columns, and rows of text.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/wire/errors.hpp"

namespace highwater::console {

enum class column_type : std::uint8_t { text, int4, int8, numeric, boolean };

struct column {
  std::string_view name;
  column_type type = column_type::text;

  friend bool operator==(const column&, const column&) = default;
};

using cell = std::optional<std::string>;  // in the text format of its column's type; none: NULL
using row = std::vector<cell>;

struct table {
  std::span<const column> columns;  // outlive it
  std::vector<row> rows;            // each of one cell per column
};

struct done {};  // the command has nothing to show

// What becomes of a command.
using outcome = std::variant<done, table, wire::error>;

}  // namespace highwater::console
