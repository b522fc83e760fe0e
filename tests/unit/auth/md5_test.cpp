#include "proxy/auth/md5.hpp"

#include <gtest/gtest.h>

#include "proxy/auth/crypto.hpp"

namespace highwater::auth {
namespace {

TEST(md5, stores_what_postgresql_stores) {
  // pg_authid.rolpassword of a role made with password_encryption = md5.
  EXPECT_EQ(*md5_secret("correct horse battery staple", "md5_u"), "md5ae2a81711e9f82f7a1a2c3c920c2d9f7");
}

TEST(md5, hashes_the_stored_hash_again_with_the_salt) {
  EXPECT_EQ(*md5_response("correct horse battery staple", "md5_u", {1, 0, 255, '$'}),
            "md5" + md5_hex(std::string_view{"ae2a81711e9f82f7a1a2c3c920c2d9f7\x01\x00\xFF$", 36}));
}

TEST(md5, answers_from_what_is_stored_as_from_the_password) {
  EXPECT_EQ(*md5_response_from("md5ae2a81711e9f82f7a1a2c3c920c2d9f7", {1, 0, 255, '$'}),
            *md5_response("correct horse battery staple", "md5_u", {1, 0, 255, '$'}));
}

TEST(md5, depends_on_every_part) {
  const auto original = *md5_response("password", "user", {1, 2, 3, 4});
  EXPECT_EQ(original.size(), 35u);
  EXPECT_NE(original, *md5_response("Password", "user", {1, 2, 3, 4}));
  EXPECT_NE(original, *md5_response("password", "user2", {1, 2, 3, 4}));
  EXPECT_NE(original, *md5_response("password", "user", {1, 2, 3, 5}));
}

}  // namespace
}  // namespace highwater::auth
