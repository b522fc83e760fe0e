#pragma once

// Has a client stopped in the middle of something that keeps a server connection? It is asked so only while it is in
// the middle of something; each sign of life gives it the whole patience again.

#include <functional>

#include "proxy/io/timer_queue.hpp"

namespace highwater::proxy {

class stall_watch {
public:
  using clock = timer_queue::time_point;

  // The timers outlive it.
  explicit stall_watch(timer_queue& timers) noexcept : timers_(timers) {}
  ~stall_watch() { end(); }
  stall_watch(const stall_watch&) = delete;
  stall_watch& operator=(const stall_watch&) = delete;

  bool watches() const noexcept { return ticket_.number != 0; }
  // `stopped` is called when nothing has been heard for `patience`. Already watching, it goes on.
  void begin(clock now, clock::duration patience, std::function<void()> stopped);
  void heard(clock now) noexcept { heard_ = now; }
  void end() noexcept { timers_.cancel(ticket_); }

private:
  void wait(clock::duration patience, std::function<void()> stopped);

  timer_queue& timers_;
  timer_queue::ticket ticket_;
  clock heard_;
};

}  // namespace highwater::proxy
