#pragma once

// The consistency levels and what to do when no node is fresh enough: the vocabulary that the configuration, the router
// and the metrics share. What each level promises is in docs/consistency.md.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "config/enum_names.hpp"

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
constexpr std::string_view to_string(level value) noexcept {
  switch (value) {
    using enum level;
    case eventual:
      return "eventual";
    case bounded:
      return "bounded";
    case monotonic_reads:
      return "monotonic_reads";
    case read_your_writes:
      return "read_your_writes";
    case session:
      return "session";
    case causal:
      return "causal";
    case strong:
      return "strong";
    case primary:
      return "primary";
  }
  return {};
}
inline constexpr std::size_t level_count = count_of<level>();

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
