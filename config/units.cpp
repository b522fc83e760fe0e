#include "config/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace highwater::config {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<unit, 5> duration_units{
    {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"min", 60'000'000}, {"h", 3'600'000'000}}};
constexpr std::array<unit, 4> size_units{{{"B", 1}, {"kB", 1ULL << 10}, {"MB", 1ULL << 20}, {"GB", 1ULL << 30}}};

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const unit> units) noexcept {
  if (text == "0") return 0;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_digits(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const unit& known : units) {
    if (known.name != text.substr(digits)) continue;
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*number > largest / known.factor) return std::nullopt;
    return *number * known.factor;
  }
  return std::nullopt;
}

std::string format_with_unit(std::uint64_t value, std::span<const unit> units) {
  if (value == 0) return "0";
  const unit* best = &units.front();
  for (const unit& candidate : units) {
    if (value % candidate.factor == 0) best = &candidate;
  }
  return std::to_string(value / best->factor).append(best->name);
}

}  // namespace

std::optional<std::uint64_t> parse_digits(std::string_view text) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) noexcept {
  const auto value = parse_with_unit(text, duration_units);
  if (!value) return std::nullopt;
  return std::chrono::microseconds(static_cast<std::int64_t>(*value));
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  return parse_with_unit(text, size_units);
}

std::string format_duration(std::chrono::microseconds value) {
  return format_with_unit(static_cast<std::uint64_t>(value.count()), duration_units);
}

std::string format_size(std::uint64_t bytes) {
  return format_with_unit(bytes, size_units);
}

}  // namespace highwater::config
