// Whole exchanges of the two state machines, from the offer on.

#include <gtest/gtest.h>

#include "tests/unit/auth/scram_talk.hpp"

namespace highwater::auth {
namespace {

using namespace scram_talk;

outcome exchange(const scram_secret& secret, std::string_view user, std::string_view password) {
  return talk(scram_client{"client-nonce", user}, scram_server{secret, "server-nonce"}, password);
}

TEST(exchange, succeeds_with_the_right_password_whatever_its_characters) {
  for (const std::string_view password : {"pencil", "p,=$:\"\\ x", "p\u00E4ssw\u00F6rd", "a\u00A0b", "\xFF\xFE", " "}) {
    const auto done = exchange(make_secret(password, "salt", 3), "a,b=c", password);
    EXPECT_FALSE(done.server) << password << done.server.message();
    EXPECT_FALSE(done.client) << password << done.client.message();
  }
}

TEST(exchange, refuses_any_other_password) {
  for (const std::string_view password : {"Pencil", "pencil ", "pencils", "penci", "x"})
    EXPECT_EQ(exchange(make_secret("pencil", "salt", 3), "", password).server, error::login_refused) << password;
}

TEST(exchange, refuses_every_password_of_a_mock_secret) {
  const auto mock = mock_secret("nobody", sha256(as_bytes("one process")), 3);
  for (const std::string_view password : {"pencil", "nobody", "x"})
    EXPECT_EQ(exchange(mock, "nobody", password).server, error::login_refused) << password;
}

TEST(exchange, unmasks_a_server_that_knows_only_half_the_secret) {
  auto secret = make_secret("pencil", "salt", 3);
  secret.server_key = {};
  EXPECT_EQ(exchange(secret, "", "pencil").client, error::server_not_genuine);
}

using names = std::vector<std::string_view>;

names names_of(const channel& beneath) {
  names offered;
  for (const auto each : offered_mechanisms(beneath)) offered.push_back(name_of(each));
  return offered;
}

// As two programs do it: offer, choice, exchange. `told` is what the client hears of the offer.
outcome negotiate(const channel& of_client, const channel& of_server, const names& told, channel_binding wish,
                  const proof& by = "pencil") {
  const auto bound = choose_mechanism(told, of_client, wish);
  if (!bound) return {{}, bound.error(), {}};
  scram_client client{"client-nonce", "", *bound};
  const auto chosen = check_mechanism(client.mechanism(), of_server);
  if (!chosen) return {chosen.error(), {}, {}};
  return talk(std::move(client), scram_server{secret, "server-nonce", *chosen, of_server}, by);
}

TEST(exchange, over_an_honest_channel_succeeds_unless_too_much_is_required) {
  using enum channel_binding;
  const struct {
    const char* why;
    channel both;
    channel_binding wish;
    no_error client;
  } rows[] = {
      {"TLS", tls, disable, {}},
      {"TLS", tls, prefer, {}},
      {"TLS", tls, require, {}},
      {"a long hash", other_tls, require, {}},
      {"TLS without a hash", hashless, disable, {}},
      {"TLS without a hash", hashless, prefer, {}},
      {"TLS without a hash", hashless, require, error::channel_binding_not_offered},
      {"no TLS", clear, disable, {}},
      {"no TLS", clear, prefer, {}},
      {"no TLS", clear, require, error::channel_binding_needs_tls},
  };
  for (const auto& each : rows) {
    for (const auto& by : {proof{"pencil"}, proof{keys}}) {
      const auto done = negotiate(each.both, each.both, names_of(each.both), each.wish, by);
      EXPECT_EQ(done.server, no_error{}) << each.why << static_cast<int>(each.wish);
      EXPECT_EQ(done.client, each.client) << each.why << static_cast<int>(each.wish);
    }
    const auto wrong = negotiate(each.both, each.both, names_of(each.both), each.wish, "pen");
    EXPECT_EQ(wrong.server, each.client ? no_error{} : make_error_code(error::login_refused)) << each.why;
  }
}

// Somebody ends TLS in between, and changes the offer as is good for him.
TEST(exchange, over_a_channel_that_somebody_ends_in_between_succeeds_only_where_nobody_binds) {
  using enum channel_binding;
  const names both{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, plain{"SCRAM-SHA-256"};
  const struct {
    const char* why;
    channel of_client, of_server;
    names told;
    channel_binding wish;
    no_error server, client;
  } rows[] = {
      {"another certificate", tls, other_tls, both, prefer, error::channel_binding_failed, {}},
      {"another certificate", tls, other_tls, both, require, error::channel_binding_failed, {}},
      {"another certificate, offer hidden", tls, other_tls, plain, prefer, error::channel_binding_downgrade, {}},
      {"another certificate, offer hidden", tls, other_tls, plain, require, {}, error::channel_binding_not_offered},
      {"nobody binds", tls, other_tls, both, disable, {}, {}},
      {"the same certificate, offer hidden", tls, tls, plain, prefer, error::channel_binding_downgrade, {}},
      {"the same certificate, offer hidden", tls, tls, plain, require, {}, error::channel_binding_not_offered},
      {"the server without TLS, which cannot know", tls, clear, plain, prefer, {}, {}},
      {"the server without TLS", tls, clear, plain, require, {}, error::channel_binding_not_offered},
      {"the server without TLS, offer invented", tls, clear, both, prefer, error::unknown_mechanism, {}},
      {"the server without TLS, offer invented", tls, clear, both, require, error::unknown_mechanism, {}},
      {"the client without TLS, offer kept", clear, tls, both, prefer, {}, error::channel_binding_without_tls},
      {"the client without TLS, which cannot know", clear, tls, plain, prefer, {}, {}},
      {"the client without TLS", clear, tls, plain, require, {}, error::channel_binding_needs_tls},
      {"no hash for the client, which cannot bind", hashless, tls, both, prefer, {}, {}},
      {"no hash for the client", hashless, tls, both, require, {}, error::channel_binding_impossible},
      {"no hash for the server, offer invented", tls, hashless, both, prefer, error::unknown_mechanism, {}},
  };
  for (const auto& each : rows) {
    const auto done = negotiate(each.of_client, each.of_server, each.told, each.wish);
    EXPECT_EQ(done.server, each.server) << each.why << static_cast<int>(each.wish);
    EXPECT_EQ(done.client, each.client) << each.why << static_cast<int>(each.wish);
    EXPECT_EQ(done.keys.has_value(), done.both_are_in()) << each.why;
  }
}

TEST(pass_through, logs_in_wherever_the_same_secret_is_stored) {
  const auto first = talk(scram_client{"c1"}, scram_server{secret, "s1"}, "pencil");
  ASSERT_TRUE(first.keys);
  const auto second = talk(scram_client{"c2"}, scram_server{secret, "s2"}, *first.keys);
  EXPECT_TRUE(second.both_are_in());
  EXPECT_EQ(second.keys->client, first.keys->client);
  EXPECT_EQ(second.keys->server, first.keys->server);
}

TEST(pass_through, is_refused_where_another_secret_is_stored) {
  for (const auto& other : {make_secret("pen", "salt", 3), make_secret("pencil", "pepper", 3),
                            make_secret("pencil", "salt", 4), mock_secret("app", sha256(as_bytes("key")))})
    EXPECT_EQ(talk(scram_client{"c"}, scram_server{other, "s"}, keys).server, error::login_refused);
}

TEST(pass_through, unmasks_a_server_that_knows_only_half_the_secret) {
  auto half = secret;
  half.server_key = {};
  EXPECT_EQ(talk(scram_client{"c"}, scram_server{half, "s"}, keys).client, error::server_not_genuine);
}

}  // namespace
}  // namespace highwater::auth
