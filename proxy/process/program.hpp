#pragma once

// The whole process: everything made, connected, run and ended in order.

#include "config/config.hpp"

namespace highwater::proxy {

inline constexpr const char* version = "0.1.0";

// Runs until SIGTERM or SIGINT, and then until transactions have finished or drain_timeout is over. Returns the exit
// code: 0, or 1 if it could not start (which it has then said in the log).
// `file`: where it was read, and is read again when it is to be reloaded.
int run(const config::config& settings, const std::string& file);

}  // namespace highwater::proxy
