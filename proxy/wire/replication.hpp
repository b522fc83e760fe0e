#pragma once

// The startup parameter `replication`: whether a client asks for a walsender, and of which kind ("Streaming Replication
// Protocol" in the manual).

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/wire/errors.hpp"

namespace highwater::wire {

enum class replication : std::uint8_t {
  none,
  physical,  // of the whole cluster: without a database
  logical,   // a session in one database that takes replication commands, too
};

// None: no value of the parameter. As PostgreSQL reads it: `database`, or a boolean with all its spellings.
std::optional<replication> read_replication(std::string_view value) noexcept;
error not_replication(std::string_view value);

}  // namespace highwater::wire
