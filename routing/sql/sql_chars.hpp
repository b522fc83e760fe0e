#pragma once

// What single bytes mean to PostgreSQL's lexer (src/backend/parser/scan.l), and how it folds names.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace highwater::sql {

enum class char_class : std::uint8_t {
  bad,  // control characters and what else cannot begin a token
  space,
  word,  // letters, underscore, bytes of multibyte characters: begins an identifier or keyword
  digit,
  quote,
  dquote,
  dollar,
  dot,
  oper,  // may be part of an operator
  self,  // a token of its own
};

constexpr std::array<char_class, 256> make_char_classes() {
  using enum char_class;
  std::array<char_class, 256> table{};
  for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = word;
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = word;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = digit;
  for (const char c : std::string_view(" \t\n\r\f")) table[static_cast<unsigned char>(c)] = space;
  for (const char c : std::string_view("~!@#^&|`?+-*/%<>=")) table[static_cast<unsigned char>(c)] = oper;
  for (const char c : std::string_view(",()[];:")) table[static_cast<unsigned char>(c)] = self;
  table['_'] = word;
  table['\''] = quote;
  table['"'] = dquote;
  table['$'] = dollar;
  table['.'] = dot;
  return table;
}
inline constexpr auto char_classes = make_char_classes();

constexpr char_class class_of(char c) noexcept {
  return char_classes[static_cast<unsigned char>(c)];
}

constexpr bool continues_word(char c) noexcept {
  const auto kind = class_of(c);
  return kind == char_class::word || kind == char_class::digit || kind == char_class::dollar;
}

// ASCII only, as the server folds in a UTF-8 database.
constexpr char folded(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline std::string folded(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = folded(c);
  return text;
}

// Whether the text, folded, begins with what is lower case already.
constexpr bool starts_folded(std::string_view text, std::string_view lower) noexcept {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (folded(text[i]) != lower[i]) return false;
  }
  return true;
}
constexpr bool equals_folded(std::string_view text, std::string_view lower) noexcept {
  return text.size() == lower.size() && starts_folded(text, lower);
}

}  // namespace highwater::sql
