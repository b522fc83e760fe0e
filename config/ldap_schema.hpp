#pragma once

#include "config/schema.hpp"

namespace highwater::config {

section ldap_section();            // its owner is ldap_options
typed<std::string> pam_service();  // the name of a file in /etc/pam.d

}  // namespace highwater::config
