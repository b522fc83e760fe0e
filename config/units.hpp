#pragma once

// Durations and sizes as an operator writes them: a whole number and its unit, without a space; 0 needs no unit.
// Units are those of PostgreSQL: us, ms, s, min, h, and B, kB, MB, GB in steps of 1024.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace highwater::config {

// None: no number, no or another unit, or too large for 64 bits.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text) noexcept;
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

// In the largest unit that loses nothing: 1h, 1500ms, 0.
std::string format_duration(std::chrono::microseconds value);
std::string format_size(std::uint64_t bytes);

// Digits only, without leading zeros. None also when too large for 64 bits.
std::optional<std::uint64_t> parse_digits(std::string_view text) noexcept;

}  // namespace highwater::config
