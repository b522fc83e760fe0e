// Files that want to cost more than they are worth: each must end in a mistake, and nothing else.

#include <gtest/gtest.h>

#include <string>

#include "config/load.hpp"

namespace highwater::config {
namespace {

std::string repeat(const std::string& what, std::size_t times) {
  std::string result;
  for (std::size_t count = 0; count < times; ++count) result += what;
  return result;
}

TEST(hostile, nesting_of_every_kind_is_refused) {
  for (const char* opening : {"[", "{", "{a: ", "- ", "? ", "[{", "- - a: "}) {
    EXPECT_FALSE(load_text(repeat(opening, 20'000))) << opening;
  }
  const load_result deep = load_text(repeat("[", 33) + repeat("]", 33));
  ASSERT_EQ(deep.mistakes.size(), 1U);
  EXPECT_EQ(deep.mistakes[0].expected, "at most 32 levels");
}

TEST(hostile, aliases_of_aliases_are_refused) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int index = 1; index < 20; ++index) {
    const std::string before = "*a" + std::to_string(index - 1);
    yaml +=
        "a" + std::to_string(index) + ": &a" + std::to_string(index) + " [" + repeat(before + ", ", 9) + before + "]\n";
  }
  const load_result result = load_text(yaml);
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(result.mistakes[0].found, "more than a configuration needs");
}

TEST(hostile, a_long_scalar_with_many_aliases_is_refused) {
  const load_result result = load_text("a: &a " + std::string(500'000, 'x') + "\nb: [" + repeat("*a, ", 100'000) + "]");
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(result.mistakes[0].found, "more than a configuration needs");
}

TEST(hostile, more_than_a_mebibyte_is_refused) {
  const std::string valid = "cluster: {nodes: [{host: a}]}\n#";
  EXPECT_TRUE(load_text(valid + std::string(1'048'576 - valid.size(), ' ')));
  const load_result result = load_text(valid + std::string(1'048'577 - valid.size(), ' '));
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(to_string(result.mistakes[0], "f"), "f: found more than 1 MiB, expected a configuration of at most 1 MiB");
}

TEST(hostile, a_secret_of_any_length_is_only_wrong) {
  const std::string secret = "SCRAM-SHA-256$4096:" + std::string(500'000, 'A');
  const load_result result =
      load_text("cluster: {nodes: [{host: a}]}\nauth: {method: trust, users: [{name: a, secret: " + secret + "}]}");
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(result.mistakes[0].key, "auth.users[0].secret");
}

TEST(hostile, long_and_binary_values_are_cut_where_they_are_shown) {
  const load_result result =
      load_text("pool: {size: \"" + std::string(200, 'x') + "\\0\\n\"}\ncluster: {nodes: [{host: a}]}");
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_EQ(result.mistakes[0].found, "the text '" + std::string(60, 'x') + "...'");
}

TEST(hostile, bytes_that_are_no_text_end_in_a_mistake) {
  for (int first = 0; first < 256; ++first) {
    const std::string byte(1, static_cast<char>(first));
    EXPECT_FALSE(load_text(byte + ": " + byte));
    EXPECT_FALSE(load_text("pool: {size: " + byte));
  }
}

}  // namespace
}  // namespace highwater::config
