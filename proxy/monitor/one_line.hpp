#pragma once

// What libpq says goes into a log whose entries are lines.

#include <string>
#include <string_view>

namespace highwater::proxy {

// The lines of the text without the blanks around them, joined by "; ". Other control characters become blanks.
std::string one_line(std::string_view text);

}  // namespace highwater::proxy
