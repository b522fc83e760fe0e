#pragma once

// The consistency levels and what to do when no node is fresh enough: the vocabulary that the configuration, the router
// and the metrics share. What each level promises is in docs/consistency.md.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace highwater::config {

// Weakest first. The order is used to name the stronger of two levels, except that monotonic_reads and read_your_writes
// do not imply each other: together they are `session`.
enum class level : std::uint8_t {
  eventual,
  bounded,
  monotonic_reads,
  read_your_writes,
  session,
  causal,
  strong,
  primary,
};
inline constexpr std::size_t level_count = 8;

std::string_view to_string(level value) noexcept;
std::optional<level> parse_level(std::string_view name) noexcept;  // exact, lower case

// One step of `on_stale`, tried in order.
struct stale_step {
  // wait_while_worth is `wait: auto`: as long as a replica is expected soon, see routing/worth_waiting.hpp.
  enum class kind : std::uint8_t { wait, wait_while_worth, primary, stale, error };
  kind what = kind::primary;
  std::chrono::milliseconds duration{0};  // wait only

  bool waits() const noexcept { return what == kind::wait || what == kind::wait_while_worth; }

  friend bool operator==(const stale_step&, const stale_step&) = default;
};
using stale_steps = std::vector<stale_step>;

}  // namespace highwater::config
