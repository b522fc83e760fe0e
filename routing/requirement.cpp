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

// Whose list comes first?
bool precedes(const requirement& a, const requirement& b) noexcept {
  if (a.on_stale == nullptr || b.on_stale == nullptr) return b.on_stale == nullptr;
  if (a.own_on_stale != b.own_on_stale) return a.own_on_stale;
  return a.level >= b.level;
}

// The default is for those reads that nobody has said more about, so it is not asked where a policy's own list is for
// reads that must be given as much or more.
bool speaks_for(const requirement& first, const requirement& other) noexcept {
  return first.own_on_stale && !other.own_on_stale && first.level >= other.level;
}

bool may_be_stale(const requirement& need) noexcept {
  return need.takes_stale && names_stale(need);
}

void join_lists(const requirement& a, const requirement& b, requirement& into) noexcept {
  const bool in_order = precedes(a, b);
  const auto* list = in_order ? &a : &b;
  const auto* other = in_order ? &b : &a;
  into.takes_stale =
      may_be_stale(*list) && (other->on_stale == nullptr || speaks_for(*list, *other) || may_be_stale(*other));
  // What is left of a list without `stale` may be nothing.
  if (names_stale(*list) && !into.takes_stale && other->on_stale != nullptr && !names_stale(*other)) list = other;
  into.on_stale = list->on_stale;
  into.own_on_stale = list->own_on_stale;
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
  join_lists(a, b, both);
  return both;
}

bool names_stale(const requirement& need) noexcept {
  using step = config::stale_step;
  return need.on_stale != nullptr &&
         std::ranges::any_of(*need.on_stale, [](const step& one) { return one.what == step::kind::stale; });
}

}  // namespace highwater::routing
