#include "proxy/monitor/one_line.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\v\f";
  const auto first = line.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string joined;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    if (!line.empty()) joined.append(joined.empty() ? "" : "; ").append(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::replace_if(
      joined.begin(), joined.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return joined;
}

}  // namespace highwater::proxy
