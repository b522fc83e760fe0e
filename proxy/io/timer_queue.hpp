#pragma once

// Deadlines of one worker, all on one timer of the event loop. For what is rare: waits, logins, connects; a query that
// does not wait sets none.

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace highwater::proxy {

class timer_queue {
public:
  using time_point = std::chrono::steady_clock::time_point;
  struct ticket {
    time_point when;
    std::uint64_t number = 0;  // 0: none
  };

  explicit timer_queue(boost::asio::io_context& io) : timer_(io) {}

  ticket schedule(time_point when, std::function<void()> what);
  void cancel(ticket& which) noexcept;
  void stop() noexcept;

private:
  void arm();
  void run_due();

  boost::asio::steady_timer timer_;
  std::map<std::pair<time_point, std::uint64_t>, std::function<void()>> due_;
  time_point armed_for_ = time_point::max();
  std::uint64_t last_ = 0;
};

}  // namespace highwater::proxy
