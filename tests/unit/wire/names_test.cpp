#include "proxy/wire/names.hpp"

#include <gtest/gtest.h>

namespace highwater::wire {
namespace {

const std::string longest(63, 'n');

TEST(cut_name, keeps_what_a_server_compares) {
  EXPECT_EQ(cut_name(""), "");
  EXPECT_EQ(cut_name(longest), longest);
  EXPECT_EQ(cut_name(longest + "x"), longest);
}

TEST(notice_of_cut, says_what_a_server_says) {
  struct row {
    std::string written, whole;
  };
  const row rows[] = {
      {longest, ""},
      {"\"" + longest + "\"", ""},
      {"short", ""},
      {longest + "xyz", longest + "xyz"},
      {"N" + longest, "n" + longest},
      {"\"N" + longest + "\"", "N" + longest},
      {"\"a\"\"b" + longest + "\"", "a\"b" + longest},
      {"\"" + std::string(62, 'n') + "\"\"\"", ""},
  };
  for (const auto& each : rows) {
    const auto told = notice_of_cut(each.written, longest);
    ASSERT_EQ(told.has_value(), !each.whole.empty()) << each.written;
    if (!told) continue;
    EXPECT_EQ(told->code, "42622");
    EXPECT_EQ(told->message, "identifier \"" + each.whole + "\" will be truncated to \"" + longest + "\"");
  }
}

}  // namespace
}  // namespace highwater::wire
