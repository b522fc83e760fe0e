#pragma once

// The options one by one, as SHOW CONFIG shows them.

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace highwater::config {

struct option_value {
  std::string key;                   // dotted, with indexes: cluster.nodes[1].port
  std::optional<std::string> value;  // none: not set
  std::optional<std::string> default_value;
};

// In the order of the reference. Secrets are masked.
std::vector<option_value> options_of(const struct config& value);

}  // namespace highwater::config
