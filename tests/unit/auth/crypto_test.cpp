#include "proxy/auth/crypto.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace highwater::auth {
namespace {

TEST(base64, writes_and_reads_the_examples_of_rfc_4648) {
  const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {std::string("\0\xff\0", 3), "AP8A"}};
  for (const auto& [data, text] : rows) {
    EXPECT_EQ(base64(as_bytes(data)), text);
    EXPECT_EQ(from_base64(text), data) << text;
  }
}

TEST(base64, refuses_all_but_the_one_spelling) {
  for (const std::string_view text :
       {"Zg",    "Zg=",   "Zg===",    "Z===", "====", "=",    "Zh==", "Zm9=",    "Zm9v\n", " Zm9v",
        "Zm9v ", "Zm 9v", "Zg==Zg==", "Zm=v", "=m9v", "Zm9-", "Zm9_", "Zm9\x80", "    ",   "\n\n\n\n"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  EXPECT_EQ(from_base64(std::string_view("Zm9\0", 4)), std::nullopt);
}

TEST(base64, a_digest_has_exactly_32_bytes) {
  EXPECT_TRUE(digest_from_base64(base64(std::vector<std::uint8_t>(32, 7))));
  EXPECT_FALSE(digest_from_base64(base64(std::vector<std::uint8_t>(31, 7))));
  EXPECT_FALSE(digest_from_base64(base64(std::vector<std::uint8_t>(33, 7))));
  EXPECT_FALSE(digest_from_base64(""));
}

TEST(hashes, give_the_published_values) {
  EXPECT_EQ(base64(sha256(as_bytes("abc"))), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  // RFC 4231, test case 2.
  EXPECT_EQ(base64(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
  // RFC 1321, appendix A.5.
  EXPECT_EQ(md5_hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(equal_in_constant_time, sees_a_difference_in_any_byte) {
  const auto original = sha256(as_bytes("abc"));
  EXPECT_TRUE(equal_in_constant_time(original, digest{original}));
  for (std::size_t i = 0; i < original.size(); ++i) {
    auto changed = original;
    changed[i] ^= 1;
    EXPECT_FALSE(equal_in_constant_time(original, changed)) << i;
  }
}

TEST(equal_in_constant_time, compares_texts_of_any_length) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes(""), as_bytes("")));
  EXPECT_TRUE(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  for (const std::string_view other : {"", "ab", "abcd", "abd", "xbc"})
    EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes(other))) << other;
}

TEST(wipe_on_exit, leaves_zeros) {
  std::string secret = "pencil";
  { const wipe_on_exit wipe{secret}; }
  EXPECT_EQ(secret, std::string(6, '\0'));
}

TEST(as_result, turns_a_refusal_of_openssl_into_a_value) {
  const auto made =
      as_result([]() -> result<int> { throw boost::system::system_error{make_error_code(error::crypto_unavailable)}; });
  EXPECT_EQ(made.error(), error::crypto_unavailable);
}

}  // namespace
}  // namespace highwater::auth
