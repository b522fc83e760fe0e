#pragma once

// Deadlines of one worker, all on one timer of the kernel's. For what is rare: waits, logins, connects; a query that
// does not wait sets none.

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory_resource>
#include <utility>

#include "proxy/io/event_loop.hpp"

namespace highwater::proxy {

class timer_queue {
public:
  using time_point = std::chrono::steady_clock::time_point;
  struct ticket {
    time_point when;
    std::uint64_t number = 0;  // 0: none
  };

  explicit timer_queue(event_loop& loop);  // which outlives it
  ~timer_queue();
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;

  ticket schedule(time_point when, std::function<void()> what);
  void cancel(ticket& which) noexcept {
    if (which.number != 0) forget(which);
  }
  void stop() noexcept;

private:
  class alarm;

  void forget(ticket& which) noexcept;
  void arm();
  void run_due();

  boost::intrusive_ptr<alarm> alarm_;
  std::pmr::unsynchronized_pool_resource memory_;  // a read that waits has a deadline, and there may be many of them
  std::pmr::map<std::pair<time_point, std::uint64_t>, std::function<void()>> due_{&memory_};
  time_point armed_for_ = time_point::max();
  std::uint64_t last_ = 0;
};

}  // namespace highwater::proxy
