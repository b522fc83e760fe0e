#include "proxy/auth/recent_failures.hpp"

#include <algorithm>

namespace highwater::auth {

recent_failures::record* recent_failures::find(std::string_view name, instant now) noexcept {
  const auto at = places_.find(name);
  return at == places_.end() || is_old(*at->second, now) ? nullptr : &*at->second;
}

recent_failures::record& recent_failures::add(std::string_view name, instant now) {
  while (!records_.empty() && is_old(records_.back(), now)) forget(std::prev(records_.end()));
  const auto at = places_.find(name);
  if (at == places_.end()) return begin(name, now);
  records_.splice(records_.begin(), records_, at->second);
  auto& known = records_.front();
  known.count = std::min(known.count + 1, most_count_);
  known.last = now;
  return known;
}

recent_failures::record& recent_failures::begin(std::string_view name, instant now) {
  if (records_.size() >= most_names_) forget(std::prev(records_.end()));
  records_.push_front({std::string{name}, 1, now});
  places_.emplace(records_.front().name, records_.begin());
  return records_.front();
}

void recent_failures::take_back(std::string_view name, instant now) {
  auto* known = find(name, now);
  if (!known) return;
  if (--known->count == 0) forget(places_.at(name));
}

void recent_failures::forget(place which) {
  places_.erase(which->name);
  records_.erase(which);
}

}  // namespace highwater::auth
