#pragma once

// Everything that can go wrong while somebody logs in, as values, and the one place where they become SQLSTATEs.

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace highwater::auth {

enum class error {
  // What a client did wrong
  malformed_message = 1,      // not the grammar of RFC 5802, or longer than max_message_bytes
  unknown_mechanism,          // one that was not offered
  channel_binding_requested,  // gs2 flag `p=` with SCRAM-SHA-256
  channel_binding_missing,    // another flag with SCRAM-SHA-256-PLUS
  channel_binding_type,       // `p=` with anything but tls-server-end-point
  channel_binding_downgrade,  // flag `y`, though SCRAM-SHA-256-PLUS was offered
  channel_binding_mismatch,   // `c=` does not repeat the gs2 header
  channel_binding_failed,     // `c=` holds the hash of another certificate
  authorization_identity,     // `a=` in the gs2 header
  unsupported_extension,      // `m=`
  nonce_mismatch,             // on either side: the peer does not repeat the nonce that it was given
  login_refused,              // wrong password, or no such user: nothing tells them apart
  empty_password,
  malformed_password,     // not one string
  no_client_certificate,  // none that an authority of ours has signed
  certificate_refused,    // ... or one of somebody else
  peer_refused,           // the operating system's user is somebody else
  ldap_refused,           // a directory does not know this user with this password
  pam_refused,            // ... nor does PAM
  too_many_failures,      // of logins from the client's address
  no_rule,                // none of auth.rules matches how and as whom it comes in
  rule_rejects,           // ... or one with method reject
  out_of_order,           // a message after the exchange has ended or failed
  // What a server did wrong, where Highwater is the client
  bad_iteration_count,  // outside 1..max_login_iterations
  too_many_iterations,  // more than the caller allows
  server_refused,       // `e=` in the server-final-message
  server_not_genuine,   // its signature shows that it does not know the password
  no_common_mechanism,
  channel_binding_without_tls,  // SCRAM-SHA-256-PLUS is offered in the clear
  channel_binding_not_offered,  // but required
  // What the operator did wrong
  malformed_secret,  // not SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
  no_password,
  channel_binding_needs_tls,  // required without it
  // What the servers lack
  lookup_unavailable,  // the user could not be looked up: auth.query
  // What others lack who are asked
  judge_unavailable,  // a directory does not answer
  judge_crowded,      // too many passwords wait for a directory, or for PAM
  // What this machine lacks
  crypto_unavailable,          // OpenSSL refuses the primitive, for instance MD5 in FIPS mode
  channel_binding_impossible,  // required, but the server's certificate has no hash to bind to
};

const boost::system::error_category& error_category() noexcept;
boost::system::error_code make_error_code(error what) noexcept;

template <class T>
using result = boost::system::result<T>;

// Has somebody shown a password that is not the user's?
bool is_guess(boost::system::error_code why) noexcept;

// The fields of an ErrorResponse; the severity of a failed login is always FATAL. `detail` and `hint` may be empty.
struct failure_report {
  std::string_view sqlstate;
  std::string message;
  std::string_view detail;
  std::string_view hint;
};

// `user` is the name from the startup packet, or that of the server login. An error_code of another category becomes
// XX000 with that category's text.
failure_report report(boost::system::error_code why, std::string_view user);

}  // namespace highwater::auth

template <>
struct boost::system::is_error_code_enum<highwater::auth::error> : std::true_type {};
