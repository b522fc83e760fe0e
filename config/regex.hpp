#pragma once

// Regular expressions for names of clients who have not logged in yet, by RE2: time in proportion to the text, whatever
// the two are, and memory with a bound. So there are no back references and no lookaround, which PostgreSQL's would
// have; and \b is the edge of a word. They are about bytes, as PostgreSQL's are before a database is known.
// https://github.com/google/re2/wiki/Syntax

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace re2 {
class RE2;
}

namespace highwater::config {

class regex {
public:
  static constexpr std::size_t longest = 255;  // bytes of an expression

  struct compiled;
  static compiled compile(std::string_view text);

  // What the first pair of parentheses matched; none where it took no part. Where an expression can match in more than
  // one way, a branch that stands first is preferred to a longer one, unlike in PostgreSQL.
  struct match {
    std::optional<std::string_view> group;
  };
  std::optional<match> find_in(std::string_view text) const;
  bool is_in(std::string_view text) const { return find_in(text).has_value(); }

  bool has_group() const noexcept;

private:
  explicit regex(std::shared_ptr<const re2::RE2> program) : compiled_(std::move(program)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

struct regex::compiled {
  std::optional<regex> expression;
  std::string mistake;  // where there is none: what is wrong, in words that follow "expected a regular expression"
};

}  // namespace highwater::config
