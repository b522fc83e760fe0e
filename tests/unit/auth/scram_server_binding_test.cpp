// A server over TLS, which offers SCRAM-SHA-256-PLUS.

#include "proxy/auth/scram_server.hpp"

#include <gtest/gtest.h>

#include "tests/unit/auth/rfc7677.hpp"

namespace highwater::auth {
namespace {

using rfc7677::replaced;

const channel tls{true, rfc7677::certificate_hash()};

scram_server fresh_plus() {
  return {rfc7677::secret(), std::string{rfc7677::server_nonce}, sasl_mechanism::scram_sha_256_plus, tls};
}

struct row {
  const char* why;
  std::string message;
  error expected;
};

TEST(scram_server, binds_to_the_channel) {
  auto server = fresh_plus();
  EXPECT_EQ(*server.client_first(rfc7677::plus_client_first), rfc7677::server_first);
  EXPECT_EQ(*server.client_final(rfc7677::plus_client_final), rfc7677::plus_server_final);
}

TEST(scram_server, refuses_as_first_message_over_tls) {
  const auto plain = sasl_mechanism::scram_sha_256, plus = sasl_mechanism::scram_sha_256_plus;
  const struct {
    const char* why;
    sasl_mechanism chosen;
    std::string message;
    error expected;
  } rows[] = {
      {"it has not been shown the offer", plain, "y,,n=,r=nonce", error::channel_binding_downgrade},
      {"it binds with the wrong mechanism", plain, "p=tls-server-end-point,,n=,r=n", error::channel_binding_requested},
      {"it does not bind with the right one", plus, "n,,n=,r=nonce", error::channel_binding_missing},
      {"nor has it been shown", plus, "y,,n=,r=nonce", error::channel_binding_missing},
      {"another type", plus, "p=tls-unique,,n=,r=nonce", error::channel_binding_type},
      {"a longer type", plus, "p=tls-server-end-points,,n=,r=nonce", error::channel_binding_type},
      {"a shorter type", plus, "p=tls-server-end-poin,,n=,r=nonce", error::channel_binding_type},
      {"upper case", plus, "p=TLS-SERVER-END-POINT,,n=,r=nonce", error::channel_binding_type},
      {"empty type", plus, "p=,,n=,r=nonce", error::channel_binding_type},
      {"no type", plus, "p,,n=,r=nonce", error::malformed_message},
      {"nothing behind the type", plus, "p=tls-server-end-point", error::malformed_message},
      {"half a header", plus, "p=tls-server-end-point,n=,r=nonce", error::malformed_message},
      {"only a header", plus, "p=tls-server-end-point,,", error::malformed_message},
      {"authorization identity", plus, "p=tls-server-end-point,a=admin,n=,r=x", error::authorization_identity},
      {"mandatory extension", plus, "p=tls-server-end-point,,m=x,n=,r=x", error::unsupported_extension},
  };
  for (const auto& each : rows) {
    scram_server server{rfc7677::secret(), "server", each.chosen, tls};
    EXPECT_EQ(server.client_first(each.message).error(), each.expected) << each.why;
  }
}

TEST(scram_server, lets_a_client_over_tls_not_bind) {
  scram_server server{rfc7677::secret(), std::string{rfc7677::server_nonce}, sasl_mechanism::scram_sha_256, tls};
  EXPECT_EQ(*server.client_first(rfc7677::client_first), rfc7677::server_first);
  EXPECT_EQ(*server.client_final(rfc7677::client_final), rfc7677::server_final);
}

TEST(scram_server, refuses_every_binding_but_its_own) {
  const std::string good{rfc7677::plus_client_final};
  const auto attribute = good.substr(2, good.find(',') - 2);
  const binding own{'p', tls.certificate_hash};
  const auto with = [&](std::string_view bound) { return replaced(good, attribute, bound); };
  const row rows[] = {
      {"no binding", with("biws"), error::channel_binding_failed},
      {"only the header", with(binding{'p', ""}.attribute()), error::channel_binding_failed},
      {"another certificate", with(binding{'p', std::string(32, 'x')}.attribute()), error::channel_binding_failed},
      {"half a hash", with(binding{'p', own.certificate_hash.substr(0, 16)}.attribute()),
       error::channel_binding_failed},
      {"more than a hash", with(binding{'p', own.certificate_hash + "x"}.attribute()), error::channel_binding_failed},
      {"only the hash", with(base64(as_bytes(own.certificate_hash))), error::channel_binding_failed},
      {"not base64", with("!"), error::channel_binding_failed},
      {"empty", with(""), error::channel_binding_failed},
      {"missing", good.substr(good.find("r=")), error::malformed_message},
      {"a proof of the exchange without binding", replaced(rfc7677::client_final, "biws", attribute),
       error::login_refused},
  };
  for (const auto& each : rows) {
    auto server = fresh_plus();
    ASSERT_TRUE(server.client_first(rfc7677::plus_client_first));
    EXPECT_EQ(server.client_final(each.message).error(), each.expected) << each.why;
    EXPECT_FALSE(server.keys()) << each.why;
  }
}

}  // namespace
}  // namespace highwater::auth
