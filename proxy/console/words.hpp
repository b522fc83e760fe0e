#pragma once

// The text of a Query taken apart into statements, and these into words: quotes are undone, comments and white space
// are gone. It knows no command.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/wire/errors.hpp"

namespace highwater::console {

struct word {
  enum class kind : std::uint8_t {
    plain,   // as typed, and its case counts only where it is a name
    name,    // "in double quotes"
    string,  // 'in single quotes'
    symbol,  // one of = , ( )
  };
  kind is = kind::plain;
  std::string text;

  // The keyword, in any case.
  bool reads(std::string_view keyword) const noexcept;
  bool is_symbol(char which) const noexcept { return is == kind::symbol && text[0] == which; }
};
using statement_words = std::vector<word>;

struct split_text {
  std::vector<statement_words> statements;  // none of them is empty
  std::optional<wire::error> why;           // a quotation or comment without an end; then nothing is to be run
};
split_text split(std::string_view text);

bool same_keyword(std::string_view one, std::string_view other) noexcept;

}  // namespace highwater::console
