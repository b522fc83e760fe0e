#pragma once

// A client keeps what it was told, whichever connection it comes to: a driver that has been told of
// standard_conforming_strings quotes by it. What a role or a database begins a session with may have changed since, and
// may differ between nodes.

#include <optional>

#include "proxy/server/reported_parameters.hpp"
#include "proxy/server/settings.hpp"

namespace highwater::proxy {

// What has to be added to the session's settings, so that a connection which has them, and reports this, reports what
// the client believes. None if nothing does.
std::optional<session_settings> settings_to_keep(const parameter_list& believed, const parameter_list& reported,
                                                 const session_settings& have);

}  // namespace highwater::proxy
