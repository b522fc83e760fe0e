#pragma once

// Which logins a statement is about that changes roles, databases, or what either begins a session with.

#include <string_view>

#include "routing/login_change.hpp"
#include "routing/parse_tree.hpp"

namespace highwater::routing {

// `type` and `fields` of its node. Every change that vacates a database has a scope too.
login_change login_change_by(std::string_view type, const json::object& fields);

}  // namespace highwater::routing
