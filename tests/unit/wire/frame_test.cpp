#include "proxy/wire/frame.hpp"

#include <gtest/gtest.h>

#include <string>

namespace highwater::wire {
namespace {

using namespace std::string_literals;

std::string header(char type, std::uint32_t length) {
  std::string bytes(5, type);
  store_u32(bytes.data() + 1, length);
  return bytes;
}

TEST(peek_frame, needs_five_bytes) {
  const auto whole = header('Q', 4);
  frame found;
  for (std::size_t size = 0; size < header_size; ++size) {
    EXPECT_EQ(peek_frame(std::string_view(whole).substr(0, size), 100, found), frame_status::need_header);
  }
  EXPECT_EQ(peek_frame(whole, 100, found), frame_status::ok);
  EXPECT_EQ(found.type, 'Q');
  EXPECT_EQ(found.size, 5U);
  EXPECT_TRUE(found.complete());
  EXPECT_EQ(found.body(), "");
}

TEST(peek_frame, shows_what_is_there) {
  const auto bytes = header('D', 9) + "12345" + "next";
  frame found;
  for (std::size_t size = header_size; size <= bytes.size(); ++size) {
    ASSERT_EQ(peek_frame(std::string_view(bytes).substr(0, size), 100, found), frame_status::ok);
    EXPECT_EQ(found.size, 10U);
    EXPECT_EQ(found.complete(), size >= 10);
    EXPECT_EQ(found.body(), "12345"s.substr(0, std::min<std::size_t>(size - 5, 5)));
  }
}

TEST(peek_frame, refuses_lengths_that_cannot_be) {
  frame found;
  for (const std::uint32_t length : {0U, 1U, 3U, 101U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    EXPECT_EQ(peek_frame(header('Q', length), 100, found), frame_status::bad_length) << length;
  }
  for (const std::uint32_t length : {4U, 100U}) {
    EXPECT_EQ(peek_frame(header('Q', length), 100, found), frame_status::ok) << length;
  }
}

TEST(peek_frame, does_not_overflow_at_the_largest_length) {
  frame found;
  ASSERT_EQ(peek_frame(header('D', 0xFFFFFFFF), 0xFFFFFFFF, found), frame_status::ok);
  EXPECT_EQ(found.size, 0x100000000U);
  EXPECT_FALSE(found.complete());
}

}  // namespace
}  // namespace highwater::wire
