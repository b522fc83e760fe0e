#include "proxy/io/readiness.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace highwater::proxy {

boost::asio::execution_context::id readiness::id;

readiness::readiness(boost::asio::execution_context& context)
    : service(context), io_(static_cast<boost::asio::io_context&>(context)), set_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (set_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  loop_ = std::make_unique<boost::asio::posix::stream_descriptor>(io_, set_);
}

readiness::~readiness() = default;

void readiness::shutdown() {
  loop_.reset();  // closes the set
  set_ = -1;
  removed_.clear();
  kept_.clear();
}

void readiness::add(int socket, watched& who) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &who;
  if (::epoll_ctl(set_, EPOLL_CTL_ADD, socket, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  ++count_;
  all_.push_back(who);
  await();
}

void readiness::remove(int socket, watched& who) noexcept {
  if (set_ < 0) return;
  ::epoll_ctl(set_, EPOLL_CTL_DEL, socket, nullptr);
  watched_ptr held(&who);
  who.unlink();
  kept_.erase(held);
  if (dispatching_) removed_.push_back(std::move(held));
  boost::system::error_code ignored;
  if (--count_ == 0) loop_->cancel(ignored);  // a loop with nothing to wait for may end
}

void readiness::look_after_some(std::chrono::steady_clock::time_point now, std::size_t most) {
  for (auto left = std::min(most, count_); left > 0 && !all_.empty(); --left) {
    const watched_ptr next(&all_.front());
    all_.splice(all_.end(), all_, all_.begin());
    next->look_after(now);
  }
}

void readiness::tell_later(watched_ptr who, bool can_read, bool can_write) {
  boost::asio::post(io_, [who = std::move(who), can_read, can_write] { who->on_event(can_read, can_write, false); });
}

void readiness::await() {
  if (std::exchange(awaiting_, true)) return;
  loop_->async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    awaiting_ = false;
    if (!error) dispatch();
    if (set_ >= 0 && count_ > 0) await();
  });
}

// What is left over makes the set ready again at once.
void readiness::dispatch() {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(set_, events.data(), static_cast<int>(events.size()), 0);
  dispatching_ = true;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const watched_ptr who(static_cast<watched*>(event.data.ptr));
    const bool hung_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    who->on_event((event.events & EPOLLIN) != 0 || hung_up, (event.events & EPOLLOUT) != 0 || hung_up, hung_up);
  }
  dispatching_ = false;
  removed_.clear();
}

}  // namespace highwater::proxy
