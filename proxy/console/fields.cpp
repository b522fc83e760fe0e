#include "proxy/console/fields.hpp"

#include <algorithm>
#include <cstdio>

namespace highwater::console {

namespace {

constexpr std::int64_t per_second = 1'000'000;

// Times are durations, and nobody waits less than nothing.
std::int64_t count_of(microseconds value) noexcept {
  return std::max<std::int64_t>(value.count(), 0);
}

}  // namespace

std::vector<row> only(std::size_t cells, std::vector<row> rows) {
  for (auto& each : rows) each.resize(cells);
  return rows;
}

cell text_of(std::string_view value) {
  return std::string(value);
}

cell number(std::uint64_t value) {
  return std::to_string(value);
}

cell number(std::optional<std::uint64_t> value) {
  return value ? number(*value) : std::nullopt;
}

cell number(microseconds value) {
  return std::to_string(count_of(value));
}

cell number(std::optional<microseconds> value) {
  return value ? number(*value) : std::nullopt;
}

cell yes_or_no(bool value) {
  return value ? "t" : "f";
}

cell as_int(bool value) {
  return value ? "1" : "0";
}

cell unless_empty(std::string_view value) {
  return value.empty() ? cell() : text_of(value);
}

cell whole_seconds(microseconds value) {
  return std::to_string(count_of(value) / per_second);
}

cell rest_of_second(microseconds value) {
  return std::to_string(count_of(value) % per_second);
}

cell time_of(wall_time value) {
  if (value == wall_time{}) return std::nullopt;
  const auto day = std::chrono::floor<std::chrono::days>(value);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(value - day));
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

cell mode_of(std::optional<config::pool_mode> value) {
  if (!value) return std::nullopt;
  return *value == config::pool_mode::session ? "session" : "transaction";
}

cell level_of(std::optional<config::level> value) {
  return value ? text_of(config::to_string(*value)) : std::nullopt;
}

}  // namespace highwater::console
