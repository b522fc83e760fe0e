#include "routing/sql/hint.hpp"

#include <algorithm>
#include <array>

#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

constexpr std::string_view prefix = "highwater:";
constexpr std::string_view blanks = " \t\n\r\f";
constexpr std::string_view separators = " \t\n\r\f,";
constexpr std::string_view key_ends = " \t\n\r\f,=";

void skip(std::string_view& text, std::string_view what) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(what), text.size()));
}

std::string_view take_until(std::string_view& text, std::string_view stops) noexcept {
  const auto word = text.substr(0, text.find_first_of(stops));
  text.remove_prefix(word.size());
  return word;
}

bool take_equals(std::string_view& text) noexcept {
  skip(text, blanks);
  if (!text.starts_with('=')) return false;
  text.remove_prefix(1);
  skip(text, blanks);
  return true;
}

std::optional<config::level> level_in_any_case(std::string_view name) noexcept {
  std::array<char, 32> lower{};  // longer than any level's name
  if (name.size() > lower.size()) return std::nullopt;
  std::ranges::transform(name, lower.begin(), [](char c) { return folded(c); });
  return named<config::level>({lower.data(), name.size()});
}

void take_pair(std::string_view& rest, hint& into) noexcept {
  const auto key = take_until(rest, key_ends);
  const bool has_value = take_equals(rest);
  const auto value = has_value ? take_until(rest, separators) : std::string_view{};
  const auto level = equals_folded(key, "level") ? level_in_any_case(value) : std::nullopt;
  into.bad |= !level;
  if (level) into.level = level;
}

}  // namespace

std::optional<hint> parse_hint(std::string_view comment) noexcept {
  skip(comment, separators);
  if (!starts_folded(comment, prefix)) return std::nullopt;
  comment.remove_prefix(prefix.size());
  hint found;
  for (skip(comment, separators); !comment.empty(); skip(comment, separators)) take_pair(comment, found);
  return found;
}

}  // namespace highwater::sql
