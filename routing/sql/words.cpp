#include "routing/sql/words.hpp"

#include <algorithm>

#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

// Past the nested comment that begins at `at`; npos if it is not closed.
std::size_t past_comment(std::string_view sql, std::size_t at) {
  int depth = 0;
  for (; at + 1 < sql.size(); ++at) {
    const auto pair = sql.substr(at, 2);
    if (pair != "/*" && pair != "*/") continue;
    depth += pair == "/*" ? 1 : -1;
    ++at;
    if (depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

// npos if a comment is not closed.
std::size_t past_blank(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (class_of(sql[at]) == char_class::space)
      ++at;
    else if (sql.substr(at, 2) == "--")
      at = std::min(sql.find_first_of("\n\r", at), sql.size());
    else if (sql.substr(at, 2) == "/*")
      at = past_comment(sql, at);
    else
      break;
  }
  return at;
}

std::optional<sql_word> delimited(std::string_view sql, std::size_t at) {
  const char quote = sql[at];
  sql_word word{quote == '"' ? sql_word::kind::quoted : sql_word::kind::string, {}, at, 0};
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (sql[i] == quote && (i + 1 == sql.size() || sql[i + 1] != quote)) {
      word.length = i + 1 - at;
      return word;
    }
    if (sql[i] == quote) ++i;
    word.text += sql[i];
  }
  return std::nullopt;
}

// The parser gives the first 63 bytes of an identifier, or fewer if a character would be cut apart.
bool is_cut_to(std::string_view name, std::string_view whole) {
  constexpr std::size_t longest = 63, longest_character = 4;
  if (whole.size() <= longest) return whole == name;
  return name.size() <= longest && name.size() + longest_character > longest && whole.starts_with(name);
}

}  // namespace

std::optional<sql_word> next_word(std::string_view sql, std::size_t from) {
  const auto at = past_blank(sql, from);
  if (at >= sql.size()) return std::nullopt;
  if (sql[at] == '"' || sql[at] == '\'') return delimited(sql, at);
  sql_word word{sql_word::kind::other, {}, at, 1};
  if (class_of(sql[at]) != char_class::word) {
    word.text = sql[at];
    return word;
  }
  word.what = sql_word::kind::bare;
  while (at + word.length < sql.size() && continues_word(sql[at + word.length])) ++word.length;
  word.text = folded(sql.substr(at, word.length));
  return word;
}

bool is_end(std::string_view sql, std::size_t from) {
  return past_blank(sql, from) == sql.size();
}

std::optional<name_in_text> find_name(std::string_view sql, std::size_t from, std::string_view keyword,
                                      std::string_view optional_word, std::string_view name) {
  bool after_keyword = false;
  while (const auto word = next_word(sql, from)) {
    from = word->offset + word->length;
    const bool is_name = word->what == sql_word::kind::bare || word->what == sql_word::kind::quoted;
    if (after_keyword && is_name && is_cut_to(name, word->text)) {
      return name_in_text{std::string(name), static_cast<std::uint32_t>(word->offset),
                          static_cast<std::uint32_t>(word->length)};
    }
    if (word->what != sql_word::kind::bare)
      after_keyword = false;
    else
      after_keyword = word->text == keyword || (after_keyword && word->text == optional_word);
  }
  return std::nullopt;
}

}  // namespace highwater::sql
