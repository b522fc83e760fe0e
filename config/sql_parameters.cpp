#include "config/sql_parameters.hpp"

#include <algorithm>

namespace highwater::config {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool continues_tag(char c) {
  return begins_name(c) || is_digit(c);
}

bool continues_name(char c) {
  return continues_tag(c) || c == '$';
}

class lexer {
public:
  explicit lexer(std::string_view sql) : left_(sql) {}

  // The digits of the next parameter; empty: there is none.
  std::string_view next_parameter() {
    while (!left_.empty()) {
      if (left_[0] == '$' && left_.size() > 1 && is_digit(left_[1])) {
        left_.remove_prefix(1);
        return take_while(is_digit);
      }
      skip();
    }
    return {};
  }

private:
  void skip() {
    if (begins_name(left_[0])) return skip_name();
    if (left_[0] == '\'' || left_[0] == '"') return skip_quoted(false);
    if (left_[0] == '$') return skip_dollar_quoted();
    if (left_.starts_with("--")) return skip_through("\n");
    if (left_.starts_with("/*")) return skip_comment();
    left_.remove_prefix(1);
  }

  void skip_name() {
    const auto name = take_while(continues_name);
    if ((name == "e" || name == "E") && left_.starts_with('\'')) skip_quoted(true);
  }

  // Where the quote stands twice, what follows is taken for another string, which comes to the same.
  void skip_quoted(bool backslashes) {
    std::size_t at = 1;
    while (at < left_.size() && left_[at] != left_[0]) at += backslashes && left_[at] == '\\' ? 2 : 1;
    left_.remove_prefix(std::min(at + 1, left_.size()));
  }

  void skip_dollar_quoted() {
    const auto from = left_;
    left_.remove_prefix(1);
    const auto tag = !left_.empty() && begins_name(left_[0]) ? take_while(continues_tag) : std::string_view{};
    if (!left_.starts_with('$')) return;
    left_.remove_prefix(1);
    skip_through(from.substr(0, tag.size() + 2));
  }

  void skip_comment() {
    for (int depth = 0; !left_.empty();) {
      const int step = left_.starts_with("/*") ? 1 : left_.starts_with("*/") ? -1 : 0;
      left_.remove_prefix(step == 0 ? 1 : 2);
      depth += step;
      if (depth == 0) return;
    }
  }

  void skip_through(std::string_view end) {
    const auto at = left_.find(end);
    left_.remove_prefix(at == std::string_view::npos ? left_.size() : at + end.size());
  }

  std::string_view take_while(bool (*fits)(char)) {
    const auto end = std::find_if_not(left_.begin(), left_.end(), fits);
    const auto taken = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view left_;
};

}  // namespace

bool has_one_parameter(std::string_view sql) {
  lexer over(sql);
  auto parameter = over.next_parameter();
  if (parameter.empty()) return false;
  while (parameter == "1") parameter = over.next_parameter();
  return parameter.empty();
}

}  // namespace highwater::config
