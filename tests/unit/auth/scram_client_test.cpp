#include "proxy/auth/scram_client.hpp"

#include <gtest/gtest.h>

#include "proxy/auth/scram_server.hpp"
#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

using namespace std::string_literals;

using rfc7677::replaced;

scram_client fresh() {
  return scram_client{std::string{rfc7677::client_nonce}, rfc7677::user};
}

TEST(scram_client, speaks_as_in_rfc_7677) {
  auto client = fresh();
  EXPECT_EQ(client.client_first(), rfc7677::client_first);
  EXPECT_EQ(*client.server_first(rfc7677::server_first, rfc7677::password), rfc7677::client_final);
  EXPECT_TRUE(client.server_final(rfc7677::server_final));
}

TEST(scram_client, escapes_the_name) {
  EXPECT_EQ(scram_client{"nonce"}.client_first(), "n,,n=,r=nonce");
  EXPECT_EQ(scram_client("nonce", "a,b=c").client_first(), "n,,n=a=2Cb=3Dc,r=nonce");
}

struct row {
  const char* why;
  std::string message;
  error expected;
};

TEST(scram_client, refuses_as_first_message_of_a_server) {
  const auto nonce = "r="s.append(rfc7677::client_nonce);
  const row rows[] = {
      {"empty", "", error::malformed_message},
      {"a NUL at the end", std::string{rfc7677::server_first} + '\0', error::malformed_message},
      {"too long", nonce + std::string(1024, 'x') + ",s=c2FsdA==,i=1", error::malformed_message},
      {"another nonce", "r=XOprNGfwEbeRWgbNEkqOserver,s=c2FsdA==,i=1", error::nonce_mismatch},
      {"nonce cut", "r=rOprNGfwEbeRWgbNEkq,s=c2FsdA==,i=1", error::nonce_mismatch},
      {"nothing added to the nonce", nonce + ",s=c2FsdA==,i=1", error::nonce_mismatch},
      {"empty nonce", "r=,s=c2FsdA==,i=1", error::malformed_message},
      {"space in the nonce", nonce + " x,s=c2FsdA==,i=1", error::malformed_message},
      {"no nonce", "s=c2FsdA==,i=1", error::malformed_message},
      {"no salt", nonce + "x,i=1", error::malformed_message},
      {"empty salt", nonce + "x,s=,i=1", error::malformed_message},
      {"truncated base64", nonce + "x,s=c2FsdA=,i=1", error::malformed_message},
      {"no iteration count", nonce + "x,s=c2FsdA==", error::malformed_message},
      {"empty iteration count", nonce + "x,s=c2FsdA==,i=", error::malformed_message},
      {"iteration count in words", nonce + "x,s=c2FsdA==,i=many", error::malformed_message},
      {"junk after the iteration count", nonce + "x,s=c2FsdA==,i=1k", error::malformed_message},
      {"zero iterations", nonce + "x,s=c2FsdA==,i=0", error::bad_iteration_count},
      {"negative iterations", nonce + "x,s=c2FsdA==,i=-4096", error::bad_iteration_count},
      {"one iteration too many", nonce + "x,s=c2FsdA==,i=10000001", error::bad_iteration_count},
      {"more iterations than an int", nonce + "x,s=c2FsdA==,i=4294967297", error::bad_iteration_count},
      {"more iterations than anything", nonce + "x,s=c2FsdA==,i=" + std::string(99, '9'), error::bad_iteration_count},
      {"something at the end", nonce + "x,s=c2FsdA==,i=1,x=y", error::malformed_message},
      {"mandatory extension", "m=x," + nonce + "x,s=c2FsdA==,i=1", error::unsupported_extension},
  };
  for (const auto& each : rows) {
    auto client = fresh();
    EXPECT_EQ(client.server_first(each.message, rfc7677::password).error(), each.expected) << each.why;
    EXPECT_EQ(client.server_final(rfc7677::server_final).error(), error::out_of_order) << each.why;
  }
}

TEST(scram_client, refuses_as_final_message_of_a_server) {
  const std::string good{rfc7677::server_final};
  const row rows[] = {
      {"empty", "", error::malformed_message},
      {"an error", "e=invalid-proof", error::server_refused},
      {"another attribute", "x=" + good.substr(2), error::malformed_message},
      {"no signature", "v=", error::malformed_message},
      {"truncated base64", good.substr(0, good.size() - 1), error::malformed_message},
      {"a signature of 31 bytes", "v=" + base64(as_bytes(std::string(31, 'x'))), error::malformed_message},
      {"something at the end", good + ",x=y", error::malformed_message},
      {"a NUL at the end", good + '\0', error::malformed_message},
      {"signature changed", "v=7" + good.substr(3), error::server_not_genuine},
      {"signature of zeros", "v=" + base64(digest{}), error::server_not_genuine},
  };
  for (const auto& each : rows) {
    auto client = fresh();
    ASSERT_TRUE(client.server_first(rfc7677::server_first, rfc7677::password));
    EXPECT_EQ(client.server_final(each.message).error(), each.expected) << each.why;
    EXPECT_EQ(client.server_final(good).error(), error::out_of_order) << each.why;
  }
}

TEST(scram_client, needs_a_password) {
  EXPECT_EQ(fresh().server_first(rfc7677::server_first, "").error(), error::no_password);
}

TEST(scram_client, does_not_believe_a_server_that_skips_a_step) {
  auto client = fresh();
  EXPECT_EQ(client.server_final(rfc7677::server_final).error(), error::out_of_order);
}

TEST(scram_client, answers_only_once) {
  auto client = fresh();
  ASSERT_TRUE(client.server_first(rfc7677::server_first, rfc7677::password));
  EXPECT_EQ(client.server_first(rfc7677::server_first, rfc7677::password).error(), error::out_of_order);
}

TEST(scram_client, ends_where_the_password_is_missing) {
  auto client = fresh();
  ASSERT_EQ(client.server_first(rfc7677::server_first, "").error(), error::no_password);
  EXPECT_EQ(client.prove(secret_digest{}).error(), error::out_of_order);
}

TEST(scram_client, binds_to_the_channel) {
  scram_client client{std::string{rfc7677::client_nonce}, rfc7677::user, {'p', rfc7677::certificate_hash()}};
  EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(client.client_first(), rfc7677::plus_client_first);
  EXPECT_EQ(*client.server_first(rfc7677::server_first, rfc7677::password), rfc7677::plus_client_final);
  EXPECT_TRUE(client.server_final(rfc7677::plus_server_final));
}

TEST(scram_client, says_that_it_could_bind) {
  scram_client client{std::string{rfc7677::client_nonce}, rfc7677::user, {'y', ""}};
  EXPECT_EQ(client.mechanism(), "SCRAM-SHA-256");
  EXPECT_TRUE(client.client_first().starts_with("y,,n="));
  EXPECT_TRUE(client.server_first(rfc7677::server_first, rfc7677::password)->starts_with("c=eSws,r="));
}

}  // namespace
}  // namespace highwater::auth
