#pragma once

// Chance that is the same everywhere for the same seed: splitmix64.

#include <cstddef>
#include <cstdint>
#include <utility>

namespace highwater::fuzz {

class chance {
public:
  explicit chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    auto z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
  std::size_t between(std::size_t low, std::size_t high) noexcept { return low + below(high - low + 1); }
  bool one_in(std::size_t count) noexcept { return below(count) == 0; }
  template <class Array>
  const auto& of(const Array& all) noexcept {
    return all[below(std::size(all))];
  }

private:
  std::uint64_t state_;
};

// The seed of something inside of what has a seed itself.
inline std::uint64_t seed_of(std::uint64_t seed, std::uint64_t number) {
  return chance(seed ^ (number * 0xD1342543DE82EF95 + 1)).next();
}

}  // namespace highwater::fuzz
