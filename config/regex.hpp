#pragma once

// Regular expressions for names of clients who have not logged in yet: of PostgreSQL's advanced ones, what takes time
// in proportion to the text, whatever the two are, and memory that the expression alone bounds. So there are no back
// references and no lookaround. They are about bytes, as PostgreSQL's are before a database is known.
// https://www.postgresql.org/docs/15/functions-matching.html#POSIX-SYNTAX-DETAILS

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::config {

class regex {
public:
  static constexpr std::size_t longest = 255;              // bytes of an expression
  static constexpr std::size_t most_instructions = 1'000;  // {m,n} and + can make much of little

  struct compiled;
  static compiled compile(std::string_view text);

  // What the first pair of parentheses matched; none where it took no part. Where an expression can match in more than
  // one way, a branch that stands first is preferred to a longer one, unlike in PostgreSQL.
  struct match {
    std::optional<std::string_view> group;
  };
  std::optional<match> find_in(std::string_view text) const;
  bool is_in(std::string_view text) const;

  bool has_group() const noexcept { return groups_ != 0; }

  // A program of a machine that follows all the ways at once. Ways are relative to the instruction, so that a piece of
  // program can be copied.
  struct instruction {
    enum class kind : std::uint8_t { bytes, split, jump, open, close, begin, end, accept };
    kind what = kind::accept;
    std::int16_t first = 1;   // split: the preferred way; jump: the only one
    std::int16_t second = 1;  // split
    std::bitset<256> bytes;   // one of these comes next
  };
  using program = std::vector<instruction>;

private:
  regex(program instructions, std::size_t groups) : program_(std::move(instructions)), groups_(groups) {}

  program program_;
  std::size_t groups_;
};

struct regex::compiled {
  std::optional<regex> expression;
  std::string mistake;  // where there is none: what is wrong, in words that follow "expected a regular expression"
};

}  // namespace highwater::config
