#include "proxy/console/binary_form.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace highwater::console {

namespace {

template <class Number>
Number read_number(std::string_view text) noexcept {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void append(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes) & 0xFF));
}

std::string whole_number(std::string_view text, unsigned bytes) {
  std::string out;
  append(out, static_cast<std::uint64_t>(read_number<std::int64_t>(text)), bytes);
  return out;
}

// Digits to the base 10000, the first being worth 10000^weight; zeros at the end are left out.
std::string numeric(std::uint64_t value) {
  constexpr unsigned base = 10'000;
  std::vector<unsigned> digits;
  for (; value != 0; value /= base) digits.push_back(static_cast<unsigned>(value % base));
  const auto weight = digits.empty() ? 0 : digits.size() - 1;
  digits.erase(digits.begin(), std::ranges::find_if(digits, [](unsigned each) { return each != 0; }));
  std::string out;
  append(out, digits.size(), 2);
  append(out, weight, 2);
  append(out, 0, 2);  // positive
  append(out, 0, 2);  // nothing behind the point
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) append(out, *digit, 2);
  return out;
}

}  // namespace

std::string binary_form(column_type type, std::string_view shown) {
  switch (type) {
    using enum column_type;
    case int4:
      return whole_number(shown, 4);
    case int8:
      return whole_number(shown, 8);
    case numeric:
      return console::numeric(read_number<std::uint64_t>(shown));
    case boolean:
      return {shown == "t" ? '\1' : '\0'};
    case text:
      break;
  }
  return std::string(shown);
}

}  // namespace highwater::console
