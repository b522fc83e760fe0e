#pragma once

// Who is connected to the console, and to what.

#include <string>

#include "proxy/console/command.hpp"

namespace highwater::console {

struct identity {
  access may = access::stats;
  std::string user;
  std::string version;  // Highwater's: "0.1.0"
};

}  // namespace highwater::console
