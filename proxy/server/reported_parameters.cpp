#include "proxy/server/reported_parameters.hpp"

#include <algorithm>
#include <functional>

namespace highwater::proxy {

std::optional<std::string_view> find_parameter(const parameter_list& in, std::string_view name) noexcept {
  const auto found = std::ranges::find(in, name, &parameter_list::value_type::first);
  return found == in.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

void put_parameter(parameter_list& in, std::string_view name, std::string_view value) {
  const auto known = std::ranges::find(in, name, &parameter_list::value_type::first);
  if (known != in.end()) {
    known->second = value;
  } else {
    in.emplace_back(name, value);
  }
}

bool is_sessions_own(std::string_view parameter) noexcept {
  constexpr std::string_view others[] = {"in_hot_standby",  "integer_datetimes", "is_superuser",
                                         "server_encoding", "server_version",    "session_authorization"};
  return std::ranges::find(others, parameter) == std::end(others);
}

std::uint64_t digest_of(const parameter_list& all) noexcept {
  const std::hash<std::string_view> hash;
  std::uint64_t sum = 1;
  for (const auto& [name, value] : all) {
    if (!is_sessions_own(name)) continue;
    constexpr std::uint64_t spread = 0x9E3779B97F4A7C15;
    sum += (hash(name) ^ (hash(value) * spread)) * spread;
  }
  return sum == 0 ? 1 : sum;
}

}  // namespace highwater::proxy
