#include "routing/position.hpp"

#include <array>
#include <charconv>

namespace highwater::routing {
namespace {

std::optional<std::uint32_t> parse_half(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

char* print_half(char* first, char* last, std::uint32_t half) {
  char* const end = std::to_chars(first, last, half, 16).ptr;
  for (; first != end; ++first) {
    if (*first >= 'a') *first = static_cast<char>(*first - 'a' + 'A');
  }
  return end;
}

}  // namespace

std::string to_string(lsn value) {
  std::array<char, 17> text{};
  char* const last = text.data() + text.size();
  char* end = print_half(text.data(), last, static_cast<std::uint32_t>(value >> 32));
  *end++ = '/';
  end = print_half(end, last, static_cast<std::uint32_t>(value));
  return {text.data(), end};
}

std::optional<lsn> parse_lsn(std::string_view text) noexcept {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto high = parse_half(text.substr(0, slash));
  const auto low = parse_half(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return lsn{*high} << 32 | *low;
}

}  // namespace highwater::routing
