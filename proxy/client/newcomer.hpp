#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/client/client_address.hpp"
#include "proxy/client/client_counts.hpp"
#include "proxy/client/looked_up_users.hpp"
#include "proxy/console/command.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/wire/replication.hpp"

namespace highwater::proxy {

// A client that has authenticated, and has not been told so. It counts among the clients, unless it operates.
struct newcomer {
  stream socket;
  client_address address;
  std::string input;  // what it has sent behind that
  std::string user;
  std::string database;
  std::vector<std::pair<std::string, std::string>> settings;  // names in lower case
  std::uint32_t minor = 0;                                    // of protocol 3, as agreed
  looked_up_users::place_ptr place{};                         // none if the configuration knows it
  wire::replication replication = wire::replication::none;    // a relay serves it, else a session
  std::optional<console::access> operates{};                  // it has come to the console
  client_counts::place_ptr counted{};                         // ... and then has none
};

}  // namespace highwater::proxy
