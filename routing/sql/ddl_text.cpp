#include "routing/sql/ddl_text.hpp"

#include <algorithm>

#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

// ON CONFLICT DO UPDATE, DO NOTHING. `rest` is what follows DO.
bool is_conflict_action(std::string_view rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n\r\f"), rest.size()));
  return starts_folded(rest, "update") || starts_folded(rest, "nothing");
}

bool is_suspicious(std::string_view word, std::string_view before, std::string_view rest) noexcept {
  switch (word.size()) {
    case 2:
      return equals_folded(word, "do") && !is_conflict_action(rest);
    case 4:
      if (equals_folded(word, "into")) return !equals_folded(before, "insert") && !equals_folded(before, "merge");
      return equals_folded(word, "drop") || equals_folded(word, "call");
    case 5:
      return equals_folded(word, "alter");
    case 6:
      return equals_folded(word, "create") || equals_folded(word, "import");
    default:
      return false;
  }
}

}  // namespace

bool may_be_ddl(std::string_view sql) noexcept {
  std::string_view before;  // the word before this one, if only white space is between them
  for (std::size_t at = 0; at < sql.size();) {
    if (class_of(sql[at]) != char_class::word) {
      if (class_of(sql[at++]) != char_class::space) before = {};
      continue;
    }
    auto end = at + 1;
    while (end < sql.size() && continues_word(sql[end])) ++end;
    const auto word = sql.substr(at, end - at);
    if (is_suspicious(word, before, sql.substr(end))) return true;
    before = word;
    at = end;
  }
  return false;
}

}  // namespace highwater::sql
