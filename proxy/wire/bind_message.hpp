#pragma once

// A whole Bind, for who answers it himself.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace highwater::wire {

struct bind_message {
  std::string_view portal;
  std::string_view statement;
  std::size_t parameters = 0;                 // how many are supplied
  std::vector<std::uint16_t> result_formats;  // none, one for all columns, or one each; 0 is text and 1 binary
};
// None if it is malformed.
std::optional<bind_message> read_bind(std::string_view body);

}  // namespace highwater::wire
