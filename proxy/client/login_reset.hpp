#pragma once

// Where a RESET leads to: for a client back to what it logged in with, which on a shared connection is not the server's
// own default. Within a transaction the client may look, so the difference is made up right behind the RESET.

#include "proxy/server/settings.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

// What of the login has to be set again behind the statement. `as_another`: the session may speak for somebody who may
// not set what it logged in with; RESET ALL asks nobody for that, and set_config() does.
session_settings behind_reset(const sql::statement& what, const session_settings& login, bool as_another);

// Does the statement reset any?
bool resets_some(const sql::statement& what) noexcept;

}  // namespace highwater::proxy
