#pragma once

// What an error says that came in place of a server connection.

#include <string>
#include <utility>

#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

// What a session is told when the connection is gone.
inline wire::error server_lost(std::string what) {
  return because(wire::error_cause::unavailable,
                 {std::string(wire::sqlstate::connection_failure), std::move(what), "", ""});
}

// Does the node not answer, not yet, or not in a way that can be believed? Else it has answered, and does not let the
// user in.
inline bool is_unreachable(const wire::error& why) noexcept {
  return why.code == wire::sqlstate::connection_failure || why.code == wire::sqlstate::connection_rejected ||
         why.code.starts_with("57P");
}

// There is no room, which says nothing about who is there already, nor about other nodes.
inline bool is_full(const wire::error& why) noexcept {
  return why.code.starts_with("53");
}

}  // namespace highwater::proxy
