#include "proxy/monitor/catalog_schedule.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

using namespace std::chrono_literals;
constexpr auto settle_time = 20ms;  // DDL comes in bursts
constexpr auto source_interval = 10ms;
constexpr auto doubted_interval = 1s;
constexpr auto missed_interval = 5s;
constexpr auto first_backoff = 1s;
constexpr auto longest_backoff = 60s;

}  // namespace

void catalog_schedule::no_later_than(time_point when) noexcept {
  due_ = std::min(due_, when);
}

void catalog_schedule::begun(time_point now) noexcept {
  due_ = now + interval_;
}

void catalog_schedule::read(time_point now) noexcept {
  backoff_ = {};
  read_at_ = now;
  same_ = false;
}

void catalog_schedule::read_the_same(time_point now) noexcept {
  read(now);
  same_ = true;
}

void catalog_schedule::failed(time_point now) noexcept {
  backoff_ = std::clamp<duration>(backoff_ * 2, first_backoff, longest_backoff);
  no_later_than(now + backoff_);
}

void catalog_schedule::no_primary(time_point now) noexcept {
  backoff_ = {};
  no_later_than(now + first_backoff);
}

void catalog_schedule::not_yet(time_point now) noexcept {
  due_ = now + source_interval;
}

// What cannot be read now is not tried at the rate at which clients change it.
void catalog_schedule::changed(time_point now) noexcept {
  const auto soon = now + (backoff_ == duration{} ? settle_time : first_backoff);
  no_later_than(same_ ? std::max(soon, read_at_ + doubted_interval) : soon);
}

void catalog_schedule::missed() noexcept {
  if (read_at_ != time_point{} && backoff_ == duration{}) no_later_than(read_at_ + missed_interval);
}

}  // namespace highwater::proxy
