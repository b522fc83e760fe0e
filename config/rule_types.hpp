#pragma once

// The value types of auth.rules and auth.maps.

#include "config/auth_rule.hpp"
#include "config/value_type.hpp"

namespace highwater::config {

typed<connection_type> rule_type();
typed<auth_method> rule_method();
typed<client_certificate> certificate_check();

// Lists of names, `all`, regular expressions that begin with a slash; for databases also `sameuser` and `replication`.
typed<std::vector<name_pattern>> rule_databases();
typed<std::vector<name_pattern>> rule_users();
typed<network> rule_address();

typed<name_pattern> external_name();  // a name or a regular expression
typed<std::string> mapped_user();     // one user, who may contain \1

}  // namespace highwater::config
