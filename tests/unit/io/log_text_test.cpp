#include "proxy/io/log_text.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <sstream>

namespace highwater::proxy {
namespace {

using namespace std::string_literals;

TEST(printable, shows_what_can_be_shown_and_writes_out_the_rest) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"app", "app"},
      {"it's \"that\" \\ one", "it's \"that\" \\ one"},
      {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98"},
      {"a\nb\r\tc", "a\\nb\\r\\tc"},
      {"\x1b[31m\x7f"s + '\0', "\\x1B[31m\\x7F\\x00"},
      {"\xc2\x9b"
       "31m",
       "\\xC2\\x9B"
       "31m"},
      {"\xe2\x80\xa8\xe2\x80\xae", "\\xE2\\x80\\xA8\\xE2\\x80\\xAE"},
      {"caf\xe9", "caf\\xE9"},
      {"\xc0\x8a\xe0\x80\x8a", "\\xC0\\x8A\\xE0\\x80\\x8A"},
      {"\xed\xa0\x80\xf4\x90\x80\x80\xff", "\\xED\\xA0\\x80\\xF4\\x90\\x80\\x80\\xFF"},
      {"\xe2\x82", "\\xE2\\x82"},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(printable(text), expected);
}

TEST(quoted, ends_where_it_seems_to) {
  EXPECT_EQ(quoted("app"), "\"app\"");
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("x\" to database \"y"), "\"x\\\" to database \\\"y\"");
  EXPECT_EQ(quoted("\\\n"), "\"\\\\\\n\"");
}

TEST(line_formatter, makes_one_line_of_whatever_is_logged) {
  std::ostringstream out;
  spdlog::logger log("log", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  log.set_formatter(line_formatter("%l %*"));
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  log.warn("user {}", all);
  const auto text = out.str();
  ASSERT_TRUE(text.starts_with("warning user \\x00"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_TRUE(std::all_of(text.begin(), text.end() - 1, [](unsigned char c) { return c >= 0x20 && c < 0x7F; }));
}

}  // namespace
}  // namespace highwater::proxy
