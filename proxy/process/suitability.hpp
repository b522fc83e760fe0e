#pragma once

// Do the machine and the network suit a configuration? What does not is said in the log, and keeps nobody from running.

#include "config/config.hpp"

namespace highwater::proxy {

// As many descriptors as we are allowed to: each client needs one, and each server connection.
void raise_descriptor_limit(const config::config& settings);

// Who may come in from elsewhere without a proof of who it is.
void warn_of_open_door(const config::config& settings);

}  // namespace highwater::proxy
