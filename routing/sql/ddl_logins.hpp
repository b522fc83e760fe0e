#pragma once

// Which logins a statement is about that changes roles, databases, or what either begins a session with.

#include <string_view>

#include "routing/sql/login_change.hpp"
#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {

// `type` and `fields` of its node. Every change that vacates a database has a scope too.
login_change login_change_by(std::string_view type, const json::object& fields);

}  // namespace highwater::sql
