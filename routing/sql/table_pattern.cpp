#include "routing/sql/table_pattern.hpp"

namespace highwater::sql {

bool matches_pattern(std::string_view pattern, std::string_view text) noexcept {
  // Greedy with one point to return to: a later star makes an earlier one's choice final.
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches_table(std::string_view pattern, const relation& table) noexcept {
  const auto dot = pattern.find('.');
  if (dot == std::string_view::npos) return matches_pattern(pattern, table.name);
  if (!table.schema.empty() && !matches_pattern(pattern.substr(0, dot), table.schema)) return false;
  return matches_pattern(pattern.substr(dot + 1), table.name);
}

}  // namespace highwater::sql
