#pragma once

// Settings that belong to a node: what they are there is no answer to who asks what they are (consistency rule 14).

#include <string_view>

namespace highwater::sql {

// Of the server's own settings, those that its files and its command line decide, or its role. A session's settings
// follow it to every node, and so are not among them; neither is what initdb decided for the whole cluster. In any
// case of letters.
bool is_node_setting(std::string_view name) noexcept;

}  // namespace highwater::sql
