#pragma once

// What the targets share: a promise that ends the process if it is broken, and the ways in which bytes may arrive.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::fuzz {

// Says which promise is broken and aborts, which libFuzzer takes for a finding.
void must(bool holds, std::string_view promise);
// ... and shows both.
void must_equal(std::string_view left, std::string_view right, std::string_view promise);

using pieces = std::vector<std::string_view>;

// The same bytes in other pieces: one by one, and cut in two at every place, or at some if there are many. Always the
// same ones for the same bytes, so that what is found is found again.
std::vector<pieces> arrivals(std::string_view bytes);

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

// Up to the next `separator`, which is taken too.
inline std::string_view next_part(std::string_view& rest, char separator) noexcept {
  const auto part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
  return part;
}

}  // namespace highwater::fuzz
