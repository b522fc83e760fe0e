#include "routing/requirement.hpp"

#include <algorithm>

namespace highwater::routing {

namespace {

// The tighter of two bounds, where zero is no bound.
template <class Value>
Value tighter(Value a, Value b) noexcept {
  if (a == Value{}) return b;
  if (b == Value{}) return a;
  return std::min(a, b);
}

}  // namespace

config::level join(config::level a, config::level b) noexcept {
  using enum config::level;
  const auto [weaker, stronger] = std::minmax(a, b);
  return weaker == monotonic_reads && stronger == read_your_writes ? session : stronger;
}

requirement join(const requirement& a, const requirement& b) noexcept {
  requirement both;
  both.level = join(a.level, b.level);
  both.max_staleness = tighter(a.max_staleness, b.max_staleness);
  both.max_lag_bytes = tighter(a.max_lag_bytes, b.max_lag_bytes);
  both.on_stale = b.level > a.level && b.on_stale != nullptr ? b.on_stale : a.on_stale;
  return both;
}

}  // namespace highwater::routing
