#pragma once

#include "config/schema.hpp"

namespace highwater::config {

section auth_rule_section();     // its owner is auth_rule
section name_mapping_section();  // ... and name_mapping

}  // namespace highwater::config
