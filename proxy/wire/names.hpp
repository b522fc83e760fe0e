#pragma once

// Names are cut as servers cut them: NAMEDATALEN holds 63 bytes and their end. The names of prepared statements in
// messages are compared so far and no further; identifiers in SQL are cut at a character, with a notice.

#include <cctype>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/wire/errors.hpp"

namespace highwater::wire {

inline constexpr std::size_t longest_name = 63;

inline std::string_view cut_name(std::string_view name) noexcept {
  return name.substr(0, longest_name);
}

// What a server would tell of an identifier that it has taken for `name`: none if it took it as it is. `written` is
// the identifier as it stands in the text, perhaps in double quotes.
inline std::optional<error> notice_of_cut(std::string_view written, std::string_view name) {
  std::string whole;
  if (written.size() >= 2 && written.front() == '"' && written.back() == '"') {
    written = written.substr(1, written.size() - 2);
    for (std::size_t i = 0; i < written.size(); ++i) {
      whole.push_back(written[i]);
      if (written[i] == '"') ++i;  // it stands there twice
    }
  } else {
    for (const char c : written) whole.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  if (whole.size() <= longest_name) return std::nullopt;
  return error{std::string(sqlstate::name_too_long),
               "identifier \"" + whole + "\" will be truncated to \"" + std::string(name) + "\"", "", ""};
}

}  // namespace highwater::wire
