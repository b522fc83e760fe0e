#include "proxy/auth/login_backoff.hpp"

#include <algorithm>

namespace highwater::auth {
namespace {

std::chrono::milliseconds delay_after(unsigned failures, const backoff_rules& rules) {
  if (failures <= rules.free_failures) return {};
  const auto doublings = std::min(failures - rules.free_failures - 1, 20U);
  return doublings == 20 ? rules.longest : std::min(rules.longest, rules.first * (1U << doublings));
}

// Behind it nothing gets worse: the answer is held back for as long as ever, and the origin is refused. Counting on
// would only make it take longer until successes have made up for it.
unsigned worst_count(const backoff_rules& rules) {
  auto count = rules.free_failures + 1;
  while (delay_after(count, rules) < rules.longest) ++count;
  return std::max(count, rules.refused_from);
}

}  // namespace

std::string origin_of(byte_span address) {
  static constexpr std::uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const bool v6 = address.size() == 16;
  const bool v4_in_v6 = v6 && std::ranges::equal(address.first(std::size(mapped)), mapped);
  const auto part = v4_in_v6 ? address.last(4) : v6 ? address.first(8) : address;
  return {part.begin(), part.end()};
}

login_backoff::login_backoff(const backoff_rules& rules)
    : rules_{rules},
      origins_{rules.most_names, worst_count(rules), rules.forgotten_after},
      users_{rules.most_names, worst_count(rules), rules.forgotten_after} {}

bool login_backoff::refuses(const recent_failures::record& origin) const noexcept {
  return rules_.refused_from != 0 && origin.count >= rules_.refused_from;
}

bool login_backoff::admits(std::string_view origin, instant now) {
  auto* known = origins_.find(origin, now);
  if (!known || !refuses(*known)) return true;
  if (now < known->quiet_until) return false;
  // Who comes next waits for what becomes of this one.
  known->quiet_until = now + rules_.longest;
  return true;
}

std::chrono::milliseconds login_backoff::failed(std::string_view origin, std::string_view user, instant now) {
  const auto of_user = delay_after(users_.add(user, now).count, rules_);
  if (origin.empty()) return of_user;
  auto& known = origins_.add(origin, now);
  known.quiet_until = now + rules_.longest;
  return std::max(of_user, delay_after(known.count, rules_));
}

void login_backoff::succeeded(std::string_view origin, instant now) {
  origins_.take_back(origin, now);
}

}  // namespace highwater::auth
