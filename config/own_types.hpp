#pragma once

// The value types that only one or two options have.

#include "config/value_type.hpp"

namespace highwater::config {

typed<unsigned> worker_count();         // "auto" (0), or 1 to 1024
typed<std::string> ip_address();        // IPv4 or IPv6, to listen on
typed<std::string> stored_secret();     // as PostgreSQL keeps it in pg_authid.rolpassword
typed<std::string> lookup_statement();  // SQL whose one parameter is $1
typed<level> consistency_level();
typed<tls_mode> tls_modes();

// Steps tried in order: any number of waits, then primary, stale or error. `stale` and `error` always succeed, so that
// nothing may follow them; `primary` fails when there is none, so that one of these may follow it. One step alone may
// stand without a list.
typed<stale_steps> stale_step_list();

}  // namespace highwater::config
