#pragma once

// How much there may be of what, and for how long: `pool`, `limits` and `timeouts`.

#include "config/schema.hpp"

namespace highwater::config {

section pool_section();
section limits_section();
section timeouts_section();

}  // namespace highwater::config
