#pragma once

// What a read must be given: the strongest of everything that applies to it.

#include <chrono>
#include <cstdint>

#include "config/config.hpp"
#include "config/level.hpp"

namespace highwater::routing {

struct requirement {
  config::level level = config::level::eventual;
  // Bounds of `bounded`; they stay in force when a stronger level is joined. Zero: no bound.
  std::chrono::milliseconds max_staleness{0};
  std::uint64_t max_lag_bytes = 0;
  const config::stale_steps* on_stale = nullptr;  // outlives the requirement: it is the configuration's

  bool bounded() const noexcept { return max_staleness.count() != 0 || max_lag_bytes != 0; }
};

// The weakest level that keeps both promises: the stronger of the two, or `session` for monotonic_reads together with
// read_your_writes.
config::level join(config::level a, config::level b) noexcept;

// Both requirements at once. `on_stale` is that of the stronger level; of the first where they are equal.
requirement join(const requirement& a, const requirement& b) noexcept;

// What each level asks for, so that nobody else needs to know the order.
constexpr bool sees_own_writes(config::level l) noexcept {
  using enum config::level;
  return l == read_your_writes || l == session || l == causal || l == strong;
}
constexpr bool never_goes_back(config::level l) noexcept {
  using enum config::level;
  return l == monotonic_reads || l == session || l == causal || l == strong;
}

}  // namespace highwater::routing
