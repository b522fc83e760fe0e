#include "proxy/console/words.hpp"

#include <algorithm>
#include <utility>

#include "proxy/console/complaints.hpp"

namespace highwater::console {

namespace {

constexpr std::string_view white = " \t\n\r\f\v", symbols = "=,()", quotes = "'\"";

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool begins_comment(std::string_view text) noexcept {
  return text.starts_with("--") || text.starts_with("/*");
}

class splitter {
public:
  explicit splitter(std::string_view text) : rest_(text) {}

  split_text take_all() {
    while (!rest_.empty() && !made_.why) take_one();
    end_statement();
    return std::move(made_);
  }

private:
  void take_one() {
    if (white.find(rest_[0]) != std::string_view::npos) return rest_.remove_prefix(1);
    if (rest_.starts_with("--")) return rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    if (rest_.starts_with("/*")) return skip_comment();
    if (rest_[0] == ';') return end_statement(), rest_.remove_prefix(1);
    if (quotes.find(rest_[0]) != std::string_view::npos) return take_quoted(rest_[0]);
    if (symbols.find(rest_[0]) != std::string_view::npos) return take(word::kind::symbol, 1);
    take(word::kind::plain, plain_size());
  }

  std::size_t plain_size() const noexcept {
    std::size_t size = 1;
    while (size < rest_.size() && !ends_plain(rest_.substr(size))) ++size;
    return size;
  }
  static bool ends_plain(std::string_view at) noexcept {
    return at[0] == ';' || white.find(at[0]) != std::string_view::npos ||
           symbols.find(at[0]) != std::string_view::npos || quotes.find(at[0]) != std::string_view::npos ||
           begins_comment(at);
  }

  // Comments of this kind nest, as in PostgreSQL.
  void skip_comment() {
    std::size_t depth = 0;
    do {
      if (rest_.empty()) return fail(unterminated("/* comment"));
      const bool opens = rest_.starts_with("/*"), closes = rest_.starts_with("*/");
      depth = depth + opens - closes;
      rest_.remove_prefix(opens || closes ? 2 : 1);
    } while (depth != 0);
  }

  void take_quoted(char quote) {
    std::string text;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      const bool doubled = rest_[at] == quote && at + 1 < rest_.size() && rest_[at + 1] == quote;
      if (rest_[at] == quote && !doubled) {
        now_.push_back({quote == '"' ? word::kind::name : word::kind::string, std::move(text)});
        return rest_.remove_prefix(at + 1);
      }
      at += doubled;
      text += rest_[at];
    }
    fail(unterminated(quote == '"' ? "quoted identifier" : "quoted string"));
  }

  void take(word::kind is, std::size_t size) {
    now_.push_back({is, std::string(rest_.substr(0, size))});
    rest_.remove_prefix(size);
  }

  void end_statement() {
    if (!now_.empty()) made_.statements.push_back(std::exchange(now_, {}));
  }

  void fail(wire::error why) {
    made_.statements.clear();
    now_.clear();
    made_.why = std::move(why);
  }

  std::string_view rest_;
  statement_words now_;
  split_text made_;
};

}  // namespace

bool same_keyword(std::string_view one, std::string_view other) noexcept {
  return std::ranges::equal(one, other, {}, lower, lower);
}

bool word::reads(std::string_view keyword) const noexcept {
  return is == kind::plain && same_keyword(text, keyword);
}

split_text split(std::string_view text) {
  return splitter(text).take_all();
}

}  // namespace highwater::console
