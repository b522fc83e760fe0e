#pragma once

// The hint comment: /* highwater: level=strong */, or -- highwater: level=strong to the end of the line. After the
// prefix come key=value pairs, separated by commas or white space. Upper and lower case are the same throughout, and
// white space may stand around the equals sign.

#include <optional>
#include <string_view>

#include "config/level.hpp"

namespace highwater::sql {

struct hint {
  std::optional<config::level> level;
  bool bad = false;  // an unknown key, or a value that the key does not know
};

// Takes what stands between /* and */, or behind --; nothing if that is an ordinary comment.
std::optional<hint> parse_hint(std::string_view comment) noexcept;

}  // namespace highwater::sql
