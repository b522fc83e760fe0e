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
  bool own_on_stale = false;                      // it is written at a policy, and not the default for all reads
  bool takes_stale = true;                        // false: what it says of `stale` does not count

  bool bounded() const noexcept { return max_staleness.count() != 0 || max_lag_bytes != 0; }
};

// The weakest level that keeps both promises: the stronger of the two, or `session` for monotonic_reads together with
// read_your_writes.
config::level join(config::level a, config::level b) noexcept;

// Is something asked for that is not given already?
inline bool asks_for_more(config::level asked, config::level given) noexcept {
  return join(asked, given) != given;
}

// Both requirements at once. Of the lists, one that is written at a policy comes before the default, else that of the
// stronger level, else the first; but `stale` only counts where both take it.
requirement join(const requirement& a, const requirement& b) noexcept;

// Does `on_stale` name `stale`?
bool names_stale(const requirement& need) noexcept;

// What each level asks for, so that nobody else needs to know the order.
constexpr bool sees_own_writes(config::level l) noexcept {
  using enum config::level;
  return l == read_your_writes || l == session || l == causal || l == strong;
}
constexpr bool never_goes_back(config::level l) noexcept {
  using enum config::level;
  return l == monotonic_reads || l == session || l == causal || l == strong;
}
// Rule 9: may not act on the primary on less than the session has been shown. `primary` promises no less than the
// levels below it.
constexpr bool minds_what_was_shown(config::level l) noexcept {
  return never_goes_back(l) || l == config::level::primary;
}
// ... or on less than anybody in the domain was told of.
constexpr bool minds_what_others_were_told(config::level l) noexcept {
  using enum config::level;
  return l == causal || l == strong;
}
// Asking the primary where it is belongs to the level: without it hardly any of its reads could leave the primary.
constexpr bool asks_the_primary_first(config::level l) noexcept {
  using enum config::level;
  return l == causal || l == strong;
}
// What a replica had to have when it was chosen is all that it has to have while the session writes nothing: nobody
// else moves the floor, and neither does time.
constexpr bool stays_fresh(config::level l) noexcept {
  using enum config::level;
  return l == eventual || l == monotonic_reads || l == read_your_writes || l == session;
}

}  // namespace highwater::routing
