#pragma once

#include <string_view>

namespace highwater::config {

// $1 stands in the statement, once or more often, and no other parameter does: as the server's lexer sees it, which
// finds none in strings, names and comments. https://www.postgresql.org/docs/15/sql-syntax-lexical.html
bool has_one_parameter(std::string_view sql);

}  // namespace highwater::config
