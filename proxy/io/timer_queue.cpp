#include "proxy/io/timer_queue.hpp"

#include <boost/asio/io_context.hpp>

namespace highwater::proxy {

timer_queue::ticket timer_queue::schedule(time_point when, std::function<void()> what) {
  const ticket given{when, ++last_};
  due_.emplace(std::pair(when, given.number), std::move(what));
  arm();
  return given;
}

void timer_queue::cancel(ticket& which) noexcept {
  if (which.number != 0) due_.erase({which.when, which.number});
  which = {};
}

void timer_queue::stop() noexcept {
  due_.clear();
  timer_.cancel();
}

// The timer is left alone when it fires earlier than needed: that costs one empty round, and re-arming costs a call
// each.
void timer_queue::arm() {
  if (due_.empty()) return;
  const auto first = due_.begin()->first.first;
  if (first >= armed_for_) return;
  armed_for_ = first;
  timer_.expires_at(first);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

void timer_queue::run_due() {
  armed_for_ = time_point::max();
  const auto now = std::chrono::steady_clock::now();
  while (!due_.empty() && due_.begin()->first.first <= now) {
    const auto what = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    what();
  }
  arm();
}

}  // namespace highwater::proxy
