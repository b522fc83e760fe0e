#pragma once

// A closed set has its names in one table: a constexpr to_string() beside the enum, whose switch the compiler holds to
// be complete, and which returns nothing for what is no value of it. How many there are, and the way back from a name,
// come from that table. The values are 0, 1, 2 and so on. Everybody may include this.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace highwater {

template <class Enum>
consteval std::size_t count_of() {
  std::size_t count = 0;
  while (!to_string(static_cast<Enum>(count)).empty()) ++count;
  return count;
}

template <class Enum>
constexpr std::optional<Enum> named(std::string_view name) noexcept {
  for (std::size_t each = 0; each < count_of<Enum>(); ++each) {
    if (to_string(static_cast<Enum>(each)) == name) return static_cast<Enum>(each);
  }
  return std::nullopt;
}

// For people: "one, two, three".
template <class Enum>
std::string all_names() {
  std::string all;
  for (std::size_t each = 0; each < count_of<Enum>(); ++each) {
    if (each != 0) all += ", ";
    all += to_string(static_cast<Enum>(each));
  }
  return all;
}

}  // namespace highwater
