#pragma once

#include "config/schema.hpp"

namespace highwater::config {

// A value as it may stand in YAML on one line.
std::string flow_yaml(const json::value& value);

}  // namespace highwater::config
