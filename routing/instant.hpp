#pragma once

#include <chrono>

namespace highwater::routing {

// A moment on the process's monotonic clock. It always comes in as an argument: nothing in this room asks for the time.
using instant = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

// Before everything that happens.
inline constexpr instant never = instant::min();

}  // namespace highwater::routing
