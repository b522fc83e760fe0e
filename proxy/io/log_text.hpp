#pragma once

// What others say goes into a log whose entries are lines: a name with a newline or an escape sequence in it must not
// make an entry of its own, or steer somebody's terminal. All that is logged goes through line_formatter().

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

namespace highwater::proxy {

// UTF-8 as it is; control characters, and bytes that are none of it, as \n, \t, \xHH and the like.
std::string printable(std::string_view text);

// ... in double quotes that end where they seem to: for names.
std::string quoted(std::string_view name);

// Of the program's log lines: pattern as spdlog's, in which %* is the printable message.
std::unique_ptr<spdlog::formatter> line_formatter(const std::string& pattern);

}  // namespace highwater::proxy
