#pragma once

// Who may come to the operator's console, and what it is called. No I/O, no clock.

#include <optional>
#include <string_view>

#include "config/config.hpp"
#include "proxy/console/command.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

// Somebody may operate, and the database is the console. Exporters call it `pgbouncer`, whatever it is called here.
bool is_console(const config::admin& section, std::string_view database) noexcept;
// None: the user may not come in.
std::optional<console::access> access_of(const config::admin& section, std::string_view user) noexcept;
wire::error may_not_operate(std::string_view user);

}  // namespace highwater::proxy
