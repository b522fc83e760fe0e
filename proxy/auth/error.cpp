#include "proxy/auth/error.hpp"

namespace highwater::auth {
namespace {

struct row {
  error what;
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail;
  std::string_view hint;
};

constexpr std::string_view unreadable = "malformed SCRAM message";

// Some have their message completed in report(), because it names the user; those about rules in refusal() (rules.hpp),
// because they name the door.
constexpr row rows[] = {
    {error::malformed_message, "08P01", unreadable, "The message does not follow RFC 5802.", ""},
    {error::unknown_mechanism, "08P01", "client selected an invalid SASL authentication mechanism", "",
     "Offered are SCRAM-SHA-256 and, over TLS, SCRAM-SHA-256-PLUS."},
    {error::channel_binding_requested, "08P01", unreadable,
     "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
     "Connect with channel_binding=prefer or disable."},
    {error::channel_binding_missing, "08P01", unreadable,
     "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.", ""},
    {error::channel_binding_type, "08P01", "unsupported SCRAM channel-binding type", "",
     "The only type is tls-server-end-point."},
    {error::channel_binding_downgrade, "28000", "SCRAM channel binding negotiation error",
     "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support "
     "channel binding.",
     "Look for something between client and server that ends TLS."},
    {error::channel_binding_mismatch, "08P01", "unexpected SCRAM channel-binding attribute in client-final-message", "",
     ""},
    {error::channel_binding_failed, "28000", "SCRAM channel binding check failed", "",
     "Look for something between client and server that ends TLS."},
    {error::authorization_identity, "0A000", "client uses authorization identity, but it is not supported", "", ""},
    {error::unsupported_extension, "0A000", "client requires an unsupported SCRAM extension", "", ""},
    {error::nonce_mismatch, "08P01", "invalid SCRAM response", "Nonce does not match.", ""},
    {error::login_refused, "28P01", "password authentication failed", "", ""},
    {error::empty_password, "28P01", "empty password returned by client", "", ""},
    {error::malformed_password, "08P01", "invalid password packet size", "", ""},
    {error::no_client_certificate, "28000", "connection requires a valid client certificate", "",
     "Connect over TLS with sslcert and sslkey of a certificate that listen.tls.client_ca has signed."},
    {error::certificate_refused, "28000", "certificate authentication failed", "", ""},
    {error::peer_refused, "28000", "Peer authentication failed", "", ""},
    {error::ldap_refused, "28000", "LDAP authentication failed", "", ""},
    {error::pam_refused, "28000", "PAM authentication failed", "", ""},
    {error::too_many_failures, "28000", "too many failed logins from this address", "", "Try again in some seconds."},
    {error::out_of_order, "08P01", "unexpected SCRAM message", "The SCRAM exchange has already ended.", ""},
    {error::no_rule, "28000", "no rule in auth.rules", "",
     "Connect in a way that a rule allows, or add a rule to auth.rules."},
    {error::rule_rejects, "28000", "auth.rules rejects connection", "",
     "Connect in a way that a rule allows, or change auth.rules."},
    {error::bad_iteration_count, "08001", "server asks for a SCRAM iteration count out of range", "",
     "Set the role's password on the server again with a count from 1 to 10000000."},
    {error::too_many_iterations, "08001", "server asks for more SCRAM iterations than are allowed", "",
     "Set the role's password on the server again with fewer iterations."},
    {error::server_refused, "08001", "server refused the SCRAM login", "", "Check the user's password on the server."},
    {error::server_not_genuine, "08001", "incorrect server signature",
     "The server has not proved that it knows the user's password.", "Check which server answers at that address."},
    {error::no_common_mechanism, "08001", "none of the server's SASL authentication mechanisms are supported", "", ""},
    {error::channel_binding_without_tls, "08001",
     "server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection", "",
     "Look for something between Highwater and the server that ends TLS."},
    {error::channel_binding_not_offered, "08001",
     "channel binding is required, but server did not offer an authentication method that supports channel binding", "",
     "Let pg_hba.conf ask Highwater for scram-sha-256 on a hostssl line."},
    {error::malformed_secret, "F0000", "malformed SCRAM secret", "",
     "Copy pg_authid.rolpassword of a role whose password was set with password_encryption = scram-sha-256."},
    {error::no_password, "F0000", "no password supplied", "",
     "Nothing is known that the server would take: give auth.users[].password, or let the user log in with a "
     "password."},
    {error::channel_binding_needs_tls, "08001", "channel binding required, but SSL not in use", "",
     "Use TLS to the server, or do not require channel binding."},
    {error::lookup_unavailable, "57P03", "users cannot be looked up at the moment", "",
     "Try again in some seconds. Highwater's log has the reason."},
    {error::judge_unavailable, "57P03", "the LDAP server cannot be asked at the moment", "",
     "Try again in some seconds. Highwater's log has the reason."},
    {error::judge_crowded, "53300", "too many logins wait for LDAP or PAM", "",
     "Try again in some seconds, or find out why LDAP or PAM is slow."},
    {error::crypto_unavailable, "XX000", "a cryptographic primitive is not available", "",
     "Check whether OpenSSL runs in FIPS mode."},
    {error::channel_binding_impossible, "08001", "channel binding is required, but client does not support it",
     "The signature of the server's certificate has no hash of its own.",
     "Give the server a certificate with an RSA or ECDSA signature."},
};

const row* find(int value) noexcept {
  for (const auto& candidate : rows)
    if (static_cast<int>(candidate.what) == value) return &candidate;
  return nullptr;
}

bool names_the_user(error what) noexcept {
  using enum error;
  return what == login_refused || what == certificate_refused || what == peer_refused || what == ldap_refused ||
         what == pam_refused;
}

class category final : public boost::system::error_category {
public:
  const char* name() const noexcept override { return "highwater.auth"; }
  std::string message(int value) const override {
    const auto* known = find(value);
    return std::string{known ? known->message : "unknown authentication error"};
  }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

boost::system::error_code make_error_code(error what) noexcept {
  return {static_cast<int>(what), error_category()};
}

bool is_guess(boost::system::error_code why) noexcept {
  return why == error::login_refused || why == error::empty_password || why == error::ldap_refused ||
         why == error::pam_refused;
}

failure_report report(boost::system::error_code why, std::string_view user) {
  const auto* known = why.category() == error_category() ? find(why.value()) : nullptr;
  if (!known) return {"XX000", why.message(), "", ""};
  failure_report made{known->sqlstate, std::string{known->message}, known->detail, known->hint};
  if (names_the_user(known->what)) made.message.append(" for user \"").append(user).append("\"");
  return made;
}

}  // namespace highwater::auth
