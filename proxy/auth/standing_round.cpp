#include "proxy/auth/standing_round.hpp"

#include <algorithm>
#include <utility>

namespace highwater::auth {

void standing_round::begin(std::vector<standing_user> users, instant now) {
  for (auto& [name, stamp] : users) left_[std::move(name)].push_back(stamp);
  constexpr std::chrono::milliseconds longest_gap{10};
  const auto names = static_cast<long>(std::max<std::size_t>(1, left_.size()));
  gap_ =
      std::min<std::chrono::steady_clock::duration>(longest_gap, std::chrono::steady_clock::duration(period_) / names);
  next_ = now;
  begins_ = now + period_;
}

std::vector<revoked_user> standing_round::answered(const std::string& name, const secret_answer& answer) {
  const auto asked = left_.find(name);
  if (asked == left_.end()) return {};
  std::vector<revoked_user> revoked;
  for (const auto stamp : asked->second) {
    if (answer.what == secret_answer::outcome::unavailable) break;
    if (!answer.may_log_in()) {
      revoked.push_back({{name, stamp}, revocation::gone});
    } else if (stamp != answer.stamp()) {
      revoked.push_back({{name, stamp}, revocation::changed});
    }
  }
  left_.erase(asked);
  next_ += gap_;
  return revoked;
}

}  // namespace highwater::auth
