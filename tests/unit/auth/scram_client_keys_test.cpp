// A client that has keys in place of a password.

#include "proxy/auth/scram_client.hpp"

#include <gtest/gtest.h>

#include "proxy/auth/scram_server.hpp"
#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

using rfc7677::replaced;

scram_client fresh() {
  return scram_client{std::string{rfc7677::client_nonce}, rfc7677::user};
}

scram_keys keys() {
  return keys_of(salted_password(rfc7677::password, *from_base64(rfc7677::salt), 4096));
}

TEST(scram_client, proves_with_keys_what_it_proves_with_the_password) {
  auto client = fresh();
  EXPECT_EQ(*client.server_first(rfc7677::server_first, keys()), rfc7677::client_final);
  EXPECT_TRUE(client.server_final(rfc7677::server_final));
}

// The proof holds for another salt and another count, so neither has gone into it; and no derivation is there to be
// had.
TEST(scram_client, derives_nothing_where_it_has_keys) {
  auto secret = rfc7677::secret();
  secret.salt = "another";
  secret.iterations = max_login_iterations;
  scram_server server{secret, std::string{rfc7677::server_nonce}};
  auto client = fresh();
  const auto reply = client.server_first(*server.client_first(client.client_first()), keys());
  ASSERT_TRUE(reply);
  const auto signature = server.client_final(*reply);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(client.server_final(*signature));
}

TEST(scram_client, reads_the_first_message_of_a_server_with_keys_as_without) {
  const struct {
    const char* why;
    std::string message;
    error expected;
  } rows[] = {
      {"empty", "", error::malformed_message},
      {"no salt", replaced(rfc7677::server_first, rfc7677::salt, ""), error::malformed_message},
      {"no iterations", replaced(rfc7677::server_first, "4096", ""), error::malformed_message},
      {"zero iterations", replaced(rfc7677::server_first, "4096", "0"), error::bad_iteration_count},
      {"one iteration too many", replaced(rfc7677::server_first, "4096", "10000001"), error::bad_iteration_count},
      {"another nonce", replaced(rfc7677::server_first, "r=r", "r=s"), error::nonce_mismatch},
  };
  for (const auto& each : rows)
    EXPECT_EQ(fresh().server_first(each.message, keys()).error(), each.expected) << each.why;
}

}  // namespace
}  // namespace highwater::auth
