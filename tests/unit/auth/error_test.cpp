#include "proxy/auth/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace highwater::auth {
namespace {

constexpr error all[] = {error::malformed_message,
                         error::unknown_mechanism,
                         error::channel_binding_requested,
                         error::channel_binding_missing,
                         error::channel_binding_type,
                         error::channel_binding_downgrade,
                         error::channel_binding_mismatch,
                         error::channel_binding_failed,
                         error::authorization_identity,
                         error::unsupported_extension,
                         error::nonce_mismatch,
                         error::login_refused,
                         error::empty_password,
                         error::too_many_failures,
                         error::out_of_order,
                         error::no_rule,
                         error::rule_rejects,
                         error::bad_iteration_count,
                         error::too_many_iterations,
                         error::server_refused,
                         error::server_not_genuine,
                         error::no_common_mechanism,
                         error::channel_binding_without_tls,
                         error::channel_binding_not_offered,
                         error::malformed_secret,
                         error::no_password,
                         error::channel_binding_needs_tls,
                         error::ldap_refused,
                         error::pam_refused,
                         error::lookup_unavailable,
                         error::judge_unavailable,
                         error::judge_crowded,
                         error::crypto_unavailable,
                         error::channel_binding_impossible};

TEST(report, names_the_user_whose_login_is_refused) {
  const auto made = report(error::login_refused, "app");
  EXPECT_EQ(made.sqlstate, "28P01");
  EXPECT_EQ(made.message, "password authentication failed for user \"app\"");
}

TEST(report, calls_a_malformed_message_a_protocol_violation) {
  for (const auto what : {error::malformed_message, error::unknown_mechanism, error::channel_binding_requested,
                          error::channel_binding_missing, error::channel_binding_type, error::channel_binding_mismatch,
                          error::nonce_mismatch, error::out_of_order})
    EXPECT_EQ(report(what, "app").sqlstate, "08P01") << make_error_code(what).message();
}

TEST(report, says_that_an_exchange_over_the_wrong_channel_is_not_authorized) {
  for (const auto what : {error::channel_binding_downgrade, error::channel_binding_failed})
    EXPECT_EQ(report(what, "app").sqlstate, "28000") << make_error_code(what).message();
}

// PostgreSQL calls several things a malformed SCRAM message, and has a detail for each.
TEST(report, has_an_sqlstate_and_a_text_of_its_own_for_every_error) {
  std::set<std::string> texts;
  for (const auto what : all) {
    const auto made = report(what, "app");
    EXPECT_EQ(made.sqlstate.size(), 5u);
    EXPECT_EQ(make_error_code(what).message().find("unknown"), std::string::npos);
    texts.insert(made.message + std::string{made.detail});
  }
  EXPECT_EQ(texts.size(), std::size(all));
}

TEST(report, passes_on_what_it_does_not_know) {
  const auto made = report(make_error_code(boost::system::errc::timed_out), "app");
  EXPECT_EQ(made.sqlstate, "XX000");
  EXPECT_FALSE(made.message.empty());
}

TEST(is_guess, is_about_passwords_alone) {
  for (const auto one : {error::login_refused, error::empty_password, error::ldap_refused, error::pam_refused})
    EXPECT_TRUE(is_guess(one)) << make_error_code(one).message();
  for (const auto one : {error::rule_rejects, error::no_rule, error::judge_unavailable, error::certificate_refused})
    EXPECT_FALSE(is_guess(one)) << make_error_code(one).message();
}

}  // namespace
}  // namespace highwater::auth
