#pragma once

// The times of one client and the timer for whichever limit of them is next. That is not set anew for each statement,
// but looks when it is due.

#include "proxy/client/time_limits.hpp"
#include "proxy/io/timer_queue.hpp"

namespace highwater::proxy {

struct watched_times {
  // The timers outlive it.
  explicit watched_times(timer_queue& on) : timers(on) {}
  ~watched_times() { timers.cancel(alarm); }
  watched_times(const watched_times&) = delete;
  watched_times& operator=(const watched_times&) = delete;

  timer_queue& timers;
  time_limits of;
  timer_queue::ticket alarm;
};

}  // namespace highwater::proxy
