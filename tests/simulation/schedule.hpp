#pragma once

// Simulated time and chance: the same seed gives the same run, on any machine.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "routing/instant.hpp"

namespace highwater::simulation {

using routing::instant;
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
  template <class Choices>
  const auto& of(const Choices& choices) noexcept {
    return choices[below(std::size(choices))];
  }

private:
  std::uint64_t state_;
};

// What happens when; of two things at one moment, the one that was planned first. What happens is a small closure that
// can be copied like bytes: a million of them a second are planned, and none needs memory of its own.
class schedule {
public:
  instant now() const noexcept { return now_; }

  template <class What>
  void after(routing::duration delay, const What& what) {
    at(now_ + delay, what);
  }
  template <class What>
  void at(instant when, const What& what) {
    static_assert(std::is_trivially_copyable_v<What> && sizeof(What) <= room && alignof(What) <= alignof(void*));
    const auto place = take_place();
    auto& to = places_[place];
    to.run = [](std::byte* bytes) { (*std::launder(reinterpret_cast<What*>(bytes)))(); };
    std::memcpy(to.bytes.data(), &what, sizeof(What));
    waiting_.push_back({std::max(when, now_), ++planned_, place});
    std::push_heap(waiting_.begin(), waiting_.end(), later);
  }
  // There is always something: the servers never rest.
  void step() {
    std::pop_heap(waiting_.begin(), waiting_.end(), later);
    const auto next = waiting_.back();
    waiting_.pop_back();
    now_ = next.when;
    auto what = places_[next.place];
    free_.push_back(next.place);
    what.run(what.bytes.data());
  }

private:
  static constexpr std::size_t room = 48;
  struct happening {
    void (*run)(std::byte*);
    alignas(void*) std::array<std::byte, room> bytes;
  };
  struct entry {
    instant when;
    std::uint64_t order;
    std::uint32_t place;
  };
  static bool later(const entry& a, const entry& b) noexcept {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }
  std::uint32_t take_place() {
    if (free_.empty()) {
      places_.emplace_back();
      return static_cast<std::uint32_t>(places_.size() - 1);
    }
    const auto place = free_.back();
    free_.pop_back();
    return place;
  }

  instant now_{std::chrono::seconds(1)};
  std::uint64_t planned_ = 0;
  std::vector<entry> waiting_;
  std::vector<happening> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace highwater::simulation
