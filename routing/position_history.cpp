#include "routing/position_history.hpp"

#include <algorithm>

namespace highwater::routing {

void position_history::record(instant sent, lsn at) {
  if (!samples_.empty() && at <= samples_.back().at) {
    samples_.back().sent = std::max(samples_.back().sent, sent);
    return;
  }
  if (samples_.size() == capacity_) thin_out();
  samples_.push_back({sent, at});
}

std::optional<lsn> position_history::covering(instant event) const noexcept {
  const auto found = std::lower_bound(samples_.begin(), samples_.end(), event,
                                      [](const sample& one, instant when) { return one.sent < when; });
  if (found == samples_.end()) return std::nullopt;
  return found->at;
}

std::optional<instant> position_history::reached(lsn replayed) const noexcept {
  const auto beyond = std::upper_bound(samples_.begin(), samples_.end(), replayed,
                                       [](lsn value, const sample& one) { return value < one.at; });
  if (beyond == samples_.begin()) return std::nullopt;
  return std::prev(beyond)->sent;
}

void position_history::thin_out() {
  const auto half = samples_.begin() + static_cast<std::ptrdiff_t>(samples_.size() / 2);
  auto kept = samples_.begin();
  for (auto one = samples_.begin() + 1; one < half; one += 2) *kept++ = *one;
  samples_.erase(kept, half);
}

}  // namespace highwater::routing
