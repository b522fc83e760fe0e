#include "proxy/auth/scram_server.hpp"

#include <gtest/gtest.h>

#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

using namespace std::string_literals;

using rfc7677::replaced;

scram_server fresh() {
  return {rfc7677::secret(), std::string{rfc7677::server_nonce}};
}

TEST(scram_server, answers_as_in_rfc_7677) {
  auto server = fresh();
  EXPECT_EQ(*server.client_first(rfc7677::client_first), rfc7677::server_first);
  EXPECT_EQ(*server.client_final(rfc7677::client_final), rfc7677::server_final);
}

TEST(scram_server, accepts_as_first_message) {
  for (const std::string_view message : {
           "n,,n=,r=nonce",            // as libpq sends it
           "y,,n=,r=nonce",            // a client that could bind, but saw no -PLUS on offer
           "n,,n=*,r=nonce",           // as some drivers send it
           "n,,n=a=2Cb=3Dc,r=nonce",   // the name a,b=c
           "n,,n=user,r=nonce,x=ext",  // extensions that need not be understood
           "n,,n=user,r=!~",
       })
    EXPECT_TRUE(fresh().client_first(message)) << message;
}

struct row {
  const char* why;
  std::string message;
  error expected;
};

TEST(scram_server, refuses_as_first_message) {
  const row rows[] = {
      {"empty", "", error::malformed_message},
      {"a NUL in the name", "n,,n=us\0er,r=nonce"s, error::malformed_message},
      {"a NUL at the end", "n,,n=user,r=nonce\0"s, error::malformed_message},
      {"too long", "n,,n=" + std::string(1024, 'x') + ",r=nonce", error::malformed_message},
      {"channel binding", "p=tls-server-end-point,,n=user,r=nonce", error::channel_binding_requested},
      {"unknown gs2 flag", "x,,n=user,r=nonce", error::malformed_message},
      {"upper-case gs2 flag", "N,,n=user,r=nonce", error::malformed_message},
      {"no gs2 header", "n=user,r=nonce", error::malformed_message},
      {"half a gs2 header", "n,n=user,r=nonce", error::malformed_message},
      {"only a gs2 header", "n,,", error::malformed_message},
      {"cut off in the gs2 header", "n,", error::malformed_message},
      {"authorization identity", "n,a=admin,n=user,r=nonce", error::authorization_identity},
      {"mandatory extension", "n,,m=x,n=user,r=nonce", error::unsupported_extension},
      {"no name", "n,,r=nonce", error::malformed_message},
      {"a bare comma in the name", "n,,n=us,er,r=nonce", error::malformed_message},
      {"no nonce", "n,,n=user", error::malformed_message},
      {"empty nonce", "n,,n=user,r=", error::malformed_message},
      {"nonce before name", "n,,r=nonce,n=user", error::malformed_message},
      {"space in the nonce", "n,,n=user,r=no nce", error::malformed_message},
      {"control character in the nonce", "n,,n=user,r=no\x7fnce", error::malformed_message},
      {"nonce that is not ASCII", "n,,n=user,r=n\u00F6nce", error::malformed_message},
      {"trailing comma", "n,,n=user,r=nonce,", error::malformed_message},
      {"extension without a value", "n,,n=user,r=nonce,x", error::malformed_message},
      {"extension without a name", "n,,n=user,r=nonce,=x", error::malformed_message},
      {"extension whose name is no letter", "n,,n=user,r=nonce,==x", error::malformed_message},
  };
  for (const auto& each : rows) EXPECT_EQ(fresh().client_first(each.message).error(), each.expected) << each.why;
}

TEST(scram_server, refuses_as_final_message) {
  const std::string good{rfc7677::client_final};
  const auto without_proof = good.substr(0, good.find(",p="));
  const row rows[] = {
      {"empty", "", error::malformed_message},
      {"a NUL at the end", good + '\0', error::malformed_message},
      {"too long", good + std::string(1024, 'x'), error::malformed_message},
      {"no channel binding", good.substr(good.find("r=")), error::malformed_message},
      {"gs2 flag changed to y", replaced(good, "biws", "eSws"), error::channel_binding_mismatch},
      {"gs2 flag changed to p", replaced(good, "biws", "cD10bHMtdW5pcXVlLCw="), error::channel_binding_mismatch},
      {"empty channel binding", replaced(good, "biws", ""), error::channel_binding_mismatch},
      {"no nonce", replaced(good, "r=", "x="), error::malformed_message},
      {"nonce changed", replaced(good, "%hv", "%hw"), error::nonce_mismatch},
      {"nonce cut", replaced(good, "$k0", "$k"), error::nonce_mismatch},
      {"nonce extended", replaced(good, "$k0", "$k00"), error::nonce_mismatch},
      {"only the client's nonce", replaced(good, rfc7677::server_nonce, ""), error::nonce_mismatch},
      {"no proof", without_proof, error::malformed_message},
      {"empty proof", without_proof + ",p=", error::malformed_message},
      {"truncated base64", good.substr(0, good.size() - 1), error::malformed_message},
      {"a proof of 31 bytes", without_proof + ",p=" + base64(as_bytes(std::string(31, 'x'))), error::malformed_message},
      {"a proof of 33 bytes", without_proof + ",p=" + base64(as_bytes(std::string(33, 'x'))), error::malformed_message},
      {"white space in the proof", good + "\n", error::malformed_message},
      {"something after the proof", good + ",x=y", error::malformed_message},
      {"trailing comma", good + ",", error::malformed_message},
      {"proof changed", replaced(good, "p=d", "p=e"), error::login_refused},
      {"proof of zeros", without_proof + ",p=" + base64(digest{}), error::login_refused},
      {"extension that the proof does not cover", replaced(good, ",p=", ",x=y,p="), error::login_refused},
      {"first message again", std::string{rfc7677::client_first}, error::malformed_message},
  };
  for (const auto& each : rows) {
    auto server = fresh();
    ASSERT_TRUE(server.client_first(rfc7677::client_first));
    EXPECT_EQ(server.client_final(each.message).error(), each.expected) << each.why;
  }
}

TEST(scram_server, does_not_start_with_the_final_message) {
  EXPECT_EQ(fresh().client_final(rfc7677::client_final).error(), error::out_of_order);
}

TEST(scram_server, gives_no_second_try_after_a_wrong_proof) {
  auto server = fresh();
  ASSERT_TRUE(server.client_first(rfc7677::client_first));
  ASSERT_FALSE(server.client_final(replaced(rfc7677::client_final, "p=d", "p=e")));
  EXPECT_EQ(server.client_final(rfc7677::client_final).error(), error::out_of_order);
  EXPECT_EQ(server.client_first(rfc7677::client_first).error(), error::out_of_order);
}

TEST(scram_server, gives_no_second_try_after_a_malformed_first_message) {
  auto server = fresh();
  ASSERT_FALSE(server.client_first("x"));
  EXPECT_EQ(server.client_first(rfc7677::client_first).error(), error::out_of_order);
}

TEST(scram_server, ends_with_success) {
  auto server = fresh();
  ASSERT_TRUE(server.client_first(rfc7677::client_first));
  ASSERT_TRUE(server.client_final(rfc7677::client_final));
  EXPECT_EQ(server.client_final(rfc7677::client_final).error(), error::out_of_order);
}

TEST(scram_server, hands_out_the_keys_that_it_has_been_shown) {
  auto server = fresh();
  EXPECT_FALSE(server.keys());
  ASSERT_TRUE(server.client_first(rfc7677::client_first));
  EXPECT_FALSE(server.keys());
  ASSERT_TRUE(server.client_final(rfc7677::client_final));
  const auto salted = salted_password(rfc7677::password, *from_base64(rfc7677::salt), 4096);
  ASSERT_TRUE(server.keys());
  EXPECT_EQ(server.keys()->client, client_key(salted));
  EXPECT_EQ(server.keys()->server, server_key(salted));
}

TEST(scram_server, hands_out_nothing_after_a_wrong_proof) {
  auto server = fresh();
  ASSERT_TRUE(server.client_first(rfc7677::client_first));
  ASSERT_FALSE(server.client_final(replaced(rfc7677::client_final, "p=d", "p=e")));
  EXPECT_FALSE(server.keys());
}

}  // namespace
}  // namespace highwater::auth
