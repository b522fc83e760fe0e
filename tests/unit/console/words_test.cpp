#include "proxy/console/words.hpp"

#include <gtest/gtest.h>

namespace highwater::console {
namespace {

// Words in brackets, names in double ones, strings in single ones, symbols bare; statements end with a bar.
std::string told(const split_text& what) {
  if (what.why) return what.why->code + " " + what.why->message;
  std::string text;
  for (const auto& statement : what.statements) {
    for (const auto& each : statement) {
      const auto* const around = each.is == word::kind::plain    ? "[]"
                                 : each.is == word::kind::name   ? "\"\""
                                 : each.is == word::kind::string ? "''"
                                                                 : "  ";
      text += around[0] + each.text + around[1];
    }
    text += "|";
  }
  return text;
}

TEST(words, are_taken_out_of_a_text) {
  struct row {
    const char *text, *told;
  };
  const row rows[] = {
      {"", ""},
      {" \t\r\n", ""},
      {";;;", ""},
      {"SHOW POOLS", "[SHOW][POOLS]|"},
      {"  show\n pools ; ", "[show][pools]|"},
      {"a;b; c", "[a]|[b]|[c]|"},
      {"a -- to the end; b\nc", "[a][c]|"},
      {"a -- to the end", "[a]|"},
      {"a/* in between; */b", "[a][b]|"},
      {"/* one /* inside */ the other */a", "[a]|"},
      {"PAUSE \"a b\"", "[PAUSE]\"a b\"|"},
      {"PAUSE \"say \"\"a\"\"\"", "[PAUSE]\"say \"a\"\"|"},
      {"PAUSE \"semi;colon\"", "[PAUSE]\"semi;colon\"|"},
      {"'it''s'", "'it's'|"},
      {"''", "''|"},
      {"'--' '/*'", "'--''/*'|"},
      {"SET a=b", "[SET][a] = [b]|"},
      {"SET a = 'x', 2", "[SET][a] = 'x' , [2]|"},
      {"version()", "[version] (  ) |"},
      {"my-db.x_1", "[my-db.x_1]|"},
      {"größe", "[größe]|"},
      {"'open", "42601 unterminated quoted string"},
      {"a; 'open'' still", "42601 unterminated quoted string"},
      {"\"open", "42601 unterminated quoted identifier"},
      {"/* open", "42601 unterminated /* comment"},
      {"/* /* */", "42601 unterminated /* comment"},
      {"/*/", "42601 unterminated /* comment"},
  };
  for (const auto& each : rows) EXPECT_EQ(told(split(each.text)), each.told) << each.text;
}

TEST(words, that_are_quoted_are_no_keywords) {
  EXPECT_TRUE((word{word::kind::plain, "Show"}).reads("SHOW"));
  EXPECT_FALSE((word{word::kind::name, "show"}).reads("SHOW"));
  EXPECT_FALSE((word{word::kind::string, "show"}).reads("SHOW"));
  EXPECT_FALSE((word{word::kind::plain, "shows"}).reads("SHOW"));
}

}  // namespace
}  // namespace highwater::console
