#include "proxy/monitor/tracker.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

constexpr std::chrono::milliseconds first_backoff{20};
constexpr std::chrono::milliseconds longest_backoff{1'000};

}  // namespace

bool tracker::awaits_position(routing::instant now) const noexcept {
  return now < wanted_until_ && at_ < wanted_floor_;
}

routing::instant tracker::due_at(routing::instant now) const noexcept {
  if (begun_ == routing::never) return routing::never;
  const auto soonest = begun_ + settings_.min_gap;
  if (wanted_since_ > begun_) return soonest;
  const auto beat = std::min(begun_ + settings_.interval, std::max(soonest, wanted_at_));
  return awaits_position(now) ? std::min(beat, std::max(soonest, begun_ + pace_)) : beat;
}

tracker::action tracker::next(routing::instant now) noexcept {
  switch (state_) {
    case state::disconnected:
      if (now < retry_at_) return action::none;
      state_ = state::connecting;
      begun_ = now;
      return action::connect;
    case state::idle:
      if (now < due_at(now)) return action::none;
      state_ = state::sampling;
      begun_ = now;
      if (wanted_at_ <= now) wanted_at_ = routing::instant::max();
      return action::sample;
    case state::connecting:
    case state::sampling:
      return now < begun_ + settings_.timeout ? action::none : action::give_up;
  }
  return action::none;
}

routing::instant tracker::wake_at(routing::instant now) const noexcept {
  switch (state_) {
    case state::disconnected:
      return retry_at_;
    case state::idle:
      return due_at(now);
    case state::connecting:
    case state::sampling:
      break;
  }
  return begun_ + settings_.timeout;
}

void tracker::connected() noexcept {
  state_ = state::idle;
  begun_ = routing::never;
  backoff_ = {};
  at_ = 0;
  wanted_floor_ = 0;
}

void tracker::answered(routing::lsn at) noexcept {
  state_ = state::idle;
  at_ = at;
}

void tracker::failed(routing::instant now) noexcept {
  state_ = state::disconnected;
  backoff_ = std::clamp(backoff_ * 2, first_backoff, longest_backoff);
  retry_at_ = now + backoff_;
}

void tracker::need_sample(routing::instant since) noexcept {
  wanted_since_ = std::max(wanted_since_, since);
}

void tracker::ask_again(routing::instant when) noexcept {
  wanted_at_ = std::min(wanted_at_, when);
}

void tracker::need_position(routing::lsn floor, routing::instant deadline) noexcept {
  wanted_floor_ = std::max(wanted_floor_, floor);
  wanted_until_ = std::max(wanted_until_, deadline);
}

}  // namespace highwater::proxy
