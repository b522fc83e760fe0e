#pragma once

// The smallest parts of a regular expression: a byte, `.`, an escape such as \d, a bracket such as [a-z[:digit:]_].

#include <bitset>
#include <string_view>

namespace highwater::config {

// Thrown within the compiler only; the words follow "expected a regular expression".
struct bad_regex {
  std::string_view expected;
};

// Takes one such part from the beginning of `rest`, which is not empty.
std::bitset<256> take_bytes(std::string_view& rest);

}  // namespace highwater::config
