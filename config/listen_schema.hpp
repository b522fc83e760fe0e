#pragma once

// How Highwater is come to, and how it speaks to the servers: sockets, TLS, and who operates it.

#include "config/schema.hpp"

namespace highwater::config {

section listener_section();
section server_tls_section();
section node_tls_section();
section admin_section();

}  // namespace highwater::config
