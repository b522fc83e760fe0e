#include "proxy/io/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace highwater::proxy {

namespace {

void watch(int set, int socket, std::uint32_t events, void* whose) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.ptr = whose;
  if (::epoll_ctl(set, EPOLL_CTL_ADD, socket, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

unique_socket checked(int descriptor, const char* call) {
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), call);
  return unique_socket(descriptor);
}

}  // namespace

event_loop::event_loop()
    : set_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      bell_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  watch(set_.get(), bell_.get(), EPOLLIN, nullptr);
  for (auto* usual : {&later_, &telling_}) usual->reserve(256);
}

event_loop::~event_loop() {
  discard();
}

void event_loop::run() {
  while (!stopped_) turn(true);
}

void event_loop::turn(bool may_wait) {
  wait(may_wait && fall_asleep());
  run_posted();
  tell();
}

void event_loop::enqueue(std::unique_ptr<task> next) {
  const std::scoped_lock lock(mutex_);
  posted_.push_back(std::move(next));
  if (!asleep_.exchange(false, std::memory_order_relaxed)) return;
  const std::uint64_t one = 1;
  // Never read: each time that it is written to is an edge.
  [[maybe_unused]] const auto written = ::write(bell_.get(), &one, sizeof one);
}

bool event_loop::fall_asleep() {
  if (!later_.empty()) return false;
  const std::scoped_lock lock(mutex_);
  if (!posted_.empty()) return false;
  asleep_.store(true, std::memory_order_relaxed);
  return true;
}

// What is left over makes the set ready again at once.
void event_loop::wait(bool may_sleep) {
  std::array<epoll_event, 128> events;
  const int count = ::epoll_wait(set_.get(), events.data(), static_cast<int>(events.size()), may_sleep ? -1 : 0);
  asleep_.store(false, std::memory_order_relaxed);
  dispatching_ = true;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) continue;  // the bell
    const watched_ptr who(static_cast<watched*>(event.data.ptr));
    const bool hung_up = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    who->on_event((event.events & EPOLLIN) != 0 || hung_up, (event.events & EPOLLOUT) != 0 || hung_up, hung_up);
  }
  dispatching_ = false;
  removed_.clear();
}

// What these post comes in the next turn, behind what the sockets have to say.
void event_loop::run_posted() {
  {
    const std::scoped_lock lock(mutex_);
    running_.swap(posted_);
  }
  for (auto& one : running_) std::exchange(one, nullptr)->run();
  running_.clear();
}

void event_loop::tell() {
  telling_.swap(later_);
  for (const auto& one : telling_) one.who->on_event(one.can_read, one.can_write, false);
  telling_.clear();
}

void event_loop::discard() {
  std::vector<std::unique_ptr<task>> left;
  {
    const std::scoped_lock lock(mutex_);
    left.swap(posted_);
  }
  later_.clear();
}

void event_loop::add(int socket, watched& who) {
  watch(set_.get(), socket, EPOLLIN | EPOLLOUT | EPOLLRDHUP, &who);
  ++count_;
  all_.push_back(who);
}

void event_loop::remove(int socket, watched& who) noexcept {
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, socket, nullptr);
  watched_ptr held(&who);
  who.unlink();
  kept_.erase(held);
  if (dispatching_) removed_.push_back(std::move(held));
  --count_;
}

void event_loop::tell_later(watched_ptr who, bool can_read, bool can_write) {
  later_.push_back({std::move(who), can_read, can_write});
}

void event_loop::look_after_some(std::chrono::steady_clock::time_point now, std::size_t most) {
  for (auto left = std::min(most, count_); left > 0 && !all_.empty(); --left) {
    const watched_ptr next(&all_.front());
    all_.splice(all_.end(), all_, all_.begin());
    next->look_after(now);
  }
}

}  // namespace highwater::proxy
