#include "config/regex.hpp"

#include <gtest/gtest.h>

namespace highwater::config {
namespace {

regex compiled(std::string_view text) {
  auto result = regex::compile(text);
  if (!result.expression) ADD_FAILURE() << text << ": " << result.mistake;
  return result.expression ? *result.expression : *regex::compile("").expression;
}

struct search_row {
  std::string_view expression;
  std::vector<std::string_view> in;
  std::vector<std::string_view> not_in;
  const char* why;
};

void expect(const std::vector<search_row>& rows) {
  for (const auto& row : rows) {
    const auto expression = compiled(row.expression);
    for (const auto text : row.in) {
      EXPECT_TRUE(expression.is_in(text)) << row.expression << " in " << text << ": " << row.why;
      EXPECT_TRUE(expression.find_in(text)) << row.expression << " in " << text << ": " << row.why;
    }
    for (const auto text : row.not_in) {
      EXPECT_FALSE(expression.is_in(text)) << row.expression << " in " << text << ": " << row.why;
      EXPECT_FALSE(expression.find_in(text)) << row.expression << " in " << text << ": " << row.why;
    }
  }
}

TEST(regex, anchors_bytes_and_branches) {
  expect({
      {"", {"", "a"}, {}, "nothing is everywhere"},
      {"web", {"web", "my_web_app"}, {"we", "wEb", ""}, "anywhere, unless anchored"},
      {"^web_", {"web_1"}, {"my_web_1", "web"}, "at the beginning"},
      {"_ro$", {"app_ro"}, {"app_ro2"}, "at the end"},
      {"$", {"", "app"}, {}, "there is an end, wherever it is"},
      {"^a|$", {"app", "xyz"}, {}, "... behind all that does not match"},
      {"^app$", {"app"}, {"app1", "1app", "app\n", "\napp"}, "lines are nothing to it"},
      {"^$", {""}, {"a"}, "both at once"},
      {"a^b", {}, {"ab", "a^b"}, "a beginning in the middle is none"},
      {"^(^a)$", {"a"}, {"aa"}, "a place may be asked for twice"},
      {"a.c",
       {"abc", "a\nc",
        "a\xff"
        "c"},
       {"ac"},
       "any byte"},
      {"^(app|web)$", {"app", "web"}, {"apple", "appweb"}, "branches"},
      {"^a|b$", {"ax", "xb"}, {"xa", "bx"}, "a branch has its own places"},
      {"^(a|)$", {"a", ""}, {"b"}, "an empty branch"},
      {"^()$", {""}, {"a"}, "empty parentheses"},
      {"^\xc3\xa9+$", {"\xc3\xa9"}, {"\xc3"}, "bytes beyond ASCII stand for themselves"},
      {"a{b}", {"a{b}"}, {"ab"}, "a brace without a number is one"},
      {"]}", {"]}"}, {"]"}, "what closes nothing stands for itself"},
  });
}

TEST(regex, repetition) {
  expect({
      {"^ab*c$", {"ac", "abc", "abbbc"}, {"abxc"}, "any number"},
      {"^ab+c$", {"abc", "abbc"}, {"ac"}, "at least one"},
      {"^ab?c$", {"ac", "abc"}, {"abbc"}, "at most one"},
      {"^a{3}$", {"aaa"}, {"aa", "aaaa"}, "exactly"},
      {"^a{2,}$", {"aa", "aaaaa"}, {"a"}, "from"},
      {"^a{1,3}$", {"a", "aa", "aaa"}, {"", "aaaa"}, "from and to"},
      {"^a{0}$", {""}, {"a"}, "never"},
      {"^(ab){2}$", {"abab"}, {"ab", "ababab"}, "of a group"},
      {"^(a|bc)+$", {"abca", "bc"}, {"b", "ac"}, "of branches"},
      {"^a*?b+?c??$", {"b", "aabbc"}, {"a"}, "lazy ones match the same"},
      {"^(a*)*$", {"", "aaa"}, {"b"}, "of what may be empty"},
      {"^(|a)+$", {"", "aaa"}, {"b"}, "... in its first branch"},
      {"^(?:)+a$", {"a"}, {"", "b"}, "of nothing"},
  });
}

TEST(regex, sets_of_bytes) {
  expect({
      {"^[abc]$", {"a", "c"}, {"d", "ab"}, "members"},
      {"^[^abc]$", {"d", "\xff"}, {"a", ""}, "all but these"},
      {"^[a-c_]$", {"a", "b", "c", "_"}, {"d", "-"}, "a range"},
      {"^[]a]$", {"]", "a"}, {"b"}, "] first is a member"},
      {"^[^]a]$", {"b"}, {"]", "a"}, "... behind ^ too"},
      {"^[-a]$", {"-", "a"}, {"b"}, "- first is a member"},
      {"^[a-]$", {"-", "a"}, {"b"}, "- last is a member"},
      {"^[[:alpha:][:digit:]]+$", {"aZ09"}, {"_", " "}, "classes"},
      {"^[[:xdigit:]]+$", {"09afAF"}, {"g", "!", "@"}, "another class"},
      {"^[[:space:]]$", {" ", "\t", "\r"}, {"a"}, "a class of signs"},
      {"^[\\d_]+$", {"0_9"}, {"a"}, "an escape within"},
      {"^[\\]\\\\]+$", {"]\\"}, {"a"}, "signs escaped within"},
      {"^\\d\\w\\s$", {"1_ "}, {"a_ ", "1- ", "1_x"}, "escapes"},
      {"^\\D\\W\\S$", {"a-x"}, {"1-x", "aax", "a- "}, "... and their opposites"},
      {"^a\\.b\\$$", {"a.b$"}, {"axb$"}, "signs escaped"},
      {"^.[.]$", {"x."}, {"xx"}, "a dot in brackets is one"},
  });
}

TEST(regex, what_the_first_parentheses_match) {
  struct row {
    std::string_view expression;
    std::string_view text;
    std::optional<std::string_view> group;
    const char* why;
  };
  const row rows[] = {
      {"^(.*)@example\\.com$", "ann@example.com", "ann", "as in pg_ident.conf"},
      {"^(.*)@(.*)$", "a@b@c", "a@b", "as much as will do"},
      {"^(.*?)@(.*)$", "a@b@c", "a", "as little as will do"},
      {"^(?:x|y)(.)", "xa", "a", "(?: takes no part in the counting"},
      {"^((a)b)", "ab", "ab", "the first is that which begins first"},
      {"^(a)?b", "b", std::nullopt, "it took no part"},
      {"^(a)*b", "aab", "a", "the last time counts"},
      {"(b+)", "abba", "bb", "anywhere, the leftmost"},
      {"b+", "abba", std::nullopt, "there is none"},
      {"^(a*)(a*)$", "aaa", "aaa", "the first takes all"},
      {"^(x*)", "abc", "", "empty is not none"},
      {"(a{2})", "aaaa", "aa", "a part that is copied"},
  };
  for (const auto& [expression, text, group, why] : rows) {
    const auto found = compiled(expression).find_in(text);
    ASSERT_TRUE(found) << expression << ": " << why;
    EXPECT_EQ(found->group, group) << expression << ": " << why;
  }
  EXPECT_TRUE(compiled("(a)").has_group());
  EXPECT_FALSE(compiled("(?:a)[(]").has_group());
}

TEST(regex, mistakes) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"(a", "as RE2 takes them: missing ): (a"},
      {"a)", "as RE2 takes them: unexpected ): a)"},
      {"*a", "as RE2 takes them: no argument for repetition operator: *"},
      {"a**", "as RE2 takes them: bad repetition operator: **"},
      {"a{2,1}", "as RE2 takes them: invalid repetition size: {2,1}"},
      {"a{1001}", "as RE2 takes them: invalid repetition size: {1001}"},
      {"((a{100}){100}){100}", "as RE2 takes them: invalid repetition size: {100}"},
      {"(?=a)", "as RE2 takes them: invalid perl operator: (?="},
      {"(a)\\1", "as RE2 takes them: invalid escape sequence: \\1"},
      {"a\\", "as RE2 takes them: trailing \\"},
      {"[a", "as RE2 takes them: missing ]: [a"},
      {"[[:letter:]]", "as RE2 takes them: invalid character class range: [:letter:]"},
      {"[z-a]", "as RE2 takes them: invalid character class range: z-a"},
      {std::string(256, 'a'), "of at most 255 bytes"},
  };
  for (const auto& [text, mistake] : rows) {
    const auto result = regex::compile(text);
    EXPECT_FALSE(result.expression) << text;
    EXPECT_EQ(result.mistake, mistake) << text;
  }
}

TEST(regex, compiles_or_refuses_what_is_nested_as_deep_as_it_can_be) {
  EXPECT_TRUE(compiled(std::string(127, '(') + std::string(127, ')')).is_in("a"));
  EXPECT_FALSE(regex::compile(std::string(255, '(')).expression);
  EXPECT_FALSE(regex::compile(std::string(255, '[')).expression);
}

// A matcher that tries one way after the other needs more than the age of the world for these, or a stack that is not
// there. What is bounded is the work, so that a slow machine does not fail the test: one that backtracks does not end.
TEST(regex, takes_its_time_from_the_lengths_alone) {
  const std::string hostile(10'000, 'a');
  const std::pair<std::string_view, bool> rows[] = {
      {"^(a+)+$", true},    {"^(a+)+b", false},   {"^(a|a)*$", true},
      {"^(a|aa)+!", false}, {"(a*)*b", false},    {"(.*)(.*)(.*)(.*)(.*)[^a]", false},
      {"a{50}b", false},    {"(a?){20}b", false}, {"^((a{0,5}){0,5}){0,2}$", false},
      {"((a*)*)*$", true},  {"^(.*)*$", true},    {"((((a*)*)*)*)*[b-z]", false},
  };
  for (const auto& [text, found] : rows) {
    const auto expression = compiled(text);
    EXPECT_EQ(expression.is_in(hostile), found) << text;
    EXPECT_EQ(expression.find_in(hostile).has_value(), found) << text;
  }
}

}  // namespace
}  // namespace highwater::config
