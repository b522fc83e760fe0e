#include "proxy/io/timer_queue.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "proxy/io/unique_socket.hpp"

namespace highwater::proxy {

// The kernel's timer counts as steady_clock does: since the same moment.
class timer_queue::alarm final : public event_loop::watched {
public:
  alarm(event_loop& loop, timer_queue& owner)
      : loop_(loop), owner_(&owner), timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!timer_) throw std::system_error(errno, std::generic_category(), "timerfd_create");
    loop_.add(timer_.get(), *this);
  }

  void set(time_point when) {
    constexpr long second = 1'000'000'000;
    // Zero would switch it off.
    const auto since = std::max(1L, std::chrono::nanoseconds(when.time_since_epoch()).count());
    itimerspec at{};
    at.it_value = {since / second, since % second};
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
  }
  void close() noexcept {
    owner_ = nullptr;
    loop_.remove(timer_.get(), *this);
    timer_ = {};
  }

private:
  // Never read: each time that it goes off is an edge.
  void on_event(bool can_read, bool, bool) override {
    if (can_read && owner_ != nullptr) owner_->run_due();
  }

  event_loop& loop_;
  timer_queue* owner_;
  unique_socket timer_;
};

timer_queue::timer_queue(event_loop& loop) : alarm_(new alarm(loop, *this)) {}

timer_queue::~timer_queue() {
  alarm_->close();
}

timer_queue::ticket timer_queue::schedule(time_point when, std::function<void()> what) {
  const ticket given{when, ++last_};
  due_.emplace(std::pair(when, given.number), std::move(what));
  arm();
  return given;
}

void timer_queue::forget(ticket& which) noexcept {
  due_.erase({which.when, which.number});
  which = {};
}

void timer_queue::stop() noexcept {
  due_.clear();
}

// The timer is left alone when it fires earlier than needed: that costs one empty round, and re-arming costs a call
// each.
void timer_queue::arm() {
  if (due_.empty()) return;
  const auto first = due_.begin()->first.first;
  if (first >= armed_for_) return;
  armed_for_ = first;
  alarm_->set(first);
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
