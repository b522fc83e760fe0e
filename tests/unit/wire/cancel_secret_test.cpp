#include "proxy/wire/cancel_secret.hpp"

#include <gtest/gtest.h>

#include <string>

namespace highwater::wire {
namespace {

using namespace std::string_literals;

TEST(cancel_secret, is_a_number_where_it_has_four_bytes) {
  const cancel_secret number(0x01020304);
  EXPECT_EQ(number.bytes(), "\x01\x02\x03\x04");
  EXPECT_EQ(number.number(), 0x01020304U);
  EXPECT_EQ(number, cancel_secret("\x01\x02\x03\x04"));
}

TEST(cancel_secret, keeps_what_can_be_ours) {
  const std::string bytes(40, 's');
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const cancel_secret secret(bytes.substr(0, size));
    EXPECT_EQ(secret.bytes().size(), size <= 32 ? size : 0);
  }
  EXPECT_TRUE(cancel_secret().bytes().empty());
}

TEST(cancel_secret, differs_in_any_byte_and_in_its_length) {
  const std::string bytes = "0123456789abcdef\0\xff\r\n0123456789ab"s;
  const cancel_secret secret(bytes);
  EXPECT_EQ(secret, cancel_secret(bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto other = bytes;
      other[i] = static_cast<char>(other[i] ^ 1 << bit);
      EXPECT_NE(secret, cancel_secret(other)) << i << "." << bit;
    }
    EXPECT_NE(secret, cancel_secret(bytes.substr(0, i))) << i;
  }
  EXPECT_NE(cancel_secret("\0\0\0\0"s), cancel_secret("\0\0\0\0\0"s)) << "what is not used counts for nothing";
}

TEST(cancel_secret, has_a_next_one_that_differs_in_its_number_alone) {
  const auto next = cancel_secret("\xff\xff\xff\xff rest").next();
  EXPECT_EQ(next.bytes(), "\0\0\0\0 rest"s);
  EXPECT_NE(cancel_secret(7).next(), cancel_secret(7));
}

}  // namespace
}  // namespace highwater::wire
