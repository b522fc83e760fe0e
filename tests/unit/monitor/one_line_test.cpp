#include "proxy/monitor/one_line.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace highwater::proxy {
namespace {

TEST(one_line, joins_the_lines_of_a_message) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"\n\n", ""},
      {"one", "one"},
      {"one\n", "one"},
      {"failed: Connection refused\n\tIs the server running?\n", "failed: Connection refused; Is the server running?"},
      {"a\r\n\r\n  b  \n", "a; b"},
      {"bell\aand\x1b[31mred\x7f", "bell and [31mred "},
      {"a\tb", "a b"},
      {"Schlo\xc3\x9f", "Schlo\xc3\x9f"},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(one_line(text), expected);
}

}  // namespace
}  // namespace highwater::proxy
