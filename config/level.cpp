#include "config/level.hpp"

#include <array>

namespace highwater::config {
namespace {

constexpr std::array<std::string_view, level_count> names{
    "eventual", "bounded", "monotonic_reads", "read_your_writes", "session", "causal", "strong", "primary",
};

}  // namespace

std::string_view to_string(level value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : "unknown";
}

std::optional<level> parse_level(std::string_view name) noexcept {
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (names[index] == name) return static_cast<level>(index);
  }
  return std::nullopt;
}

}  // namespace highwater::config
