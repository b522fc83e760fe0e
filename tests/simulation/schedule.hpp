#pragma once

// Simulated time and chance: the same seed gives the same run, on any machine.

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "routing/instant.hpp"

namespace highwater::simulation {

using std::chrono::microseconds;

// splitmix64: small, and the same everywhere.
class chance {
public:
  explicit chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    auto z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept { return low + below(high - low + 1); }
  bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }
  microseconds span(std::uint64_t low, std::uint64_t high) noexcept { return microseconds(between(low, high)); }
  // What a message needs from here to there: mostly short, sometimes not.
  microseconds travel() noexcept { return one_in(40) ? span(400, 6'000) : span(10, 300); }

private:
  std::uint64_t state_;
};

// What happens when; of two things at one moment, the one that was planned first.
class schedule {
public:
  routing::instant now() const noexcept { return now_; }

  void after(microseconds delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }
  void at(routing::instant when, std::function<void()> what) {
    events_.push({std::max(when, now_), ++planned_, std::move(what)});
  }
  // False when nothing is left to happen.
  bool step() {
    if (events_.empty()) return false;
    auto next = events_.top();
    events_.pop();
    now_ = next.when;
    next.what();
    return true;
  }

private:
  struct event {
    routing::instant when;
    std::uint64_t order;
    std::function<void()> what;
    friend bool operator<(const event& a, const event& b) noexcept {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };
  routing::instant now_{std::chrono::seconds(1)};
  std::uint64_t planned_ = 0;
  std::priority_queue<event> events_;
};

}  // namespace highwater::simulation
