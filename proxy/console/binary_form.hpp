#pragma once

// A value in the binary format of its type, from its text format. Source: the *send functions of PostgreSQL's types.

#include <string>
#include <string_view>

#include "proxy/console/table.hpp"

namespace highwater::console {

// Of a numeric: a whole number that is not negative, of up to 2^64 - 1, as all counters are.
std::string binary_form(column_type type, std::string_view text);

}  // namespace highwater::console
