#pragma once

// What pg_authid.rolpassword holds, and whether a client's answer to AuthenticationMD5Password or to
// AuthenticationCleartextPassword fits it; as PostgreSQL's backend decides. Whoever may not log in gets
// error::login_refused after the same work, whether the password is wrong or the secret one that no password fits. For
// a name that nobody has, ask with mock_stored_secret(). An empty answer is error::empty_password, whoever gives it.

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/crypto.hpp"
#include "proxy/auth/md5.hpp"
#include "proxy/auth/scram.hpp"

namespace highwater::auth {

// `plain` is everything that is neither of the others: an unknown kind of secret, or a password. It lets nobody in, as
// whoever has read the secret of a kind that we do not know would otherwise have its password.
enum class secret_kind : std::uint8_t { none, md5, scram, plain };
secret_kind kind_of(std::string_view rolpassword);

// Costs two MD5 hashes. `response` is the text of PasswordMessage, as md5_response() makes it.
result<void> md5_verifies(std::string_view rolpassword, const md5_salt& salt, std::string_view response);

// With a SCRAM secret it costs as many hashes as that has iterations, about 1.5 ms for 4096: not for a thread that
// others wait for. No password fits one of more than usual_most_iterations: anybody may give himself such a secret, and
// have us work. With an MD5 secret it costs one, and with none, or a plain one, what a SCRAM secret of
// default_iterations does.
result<void> password_verifies(std::string_view rolpassword, std::string_view user, std::string_view password);

// For a name that nobody has, where the others have secrets of this kind: one that no password fits. SCRAM for `none`
// and `plain`. `process_key` as in mock_secret().
result<std::string> mock_stored_secret(secret_kind kind, std::string_view user, const digest& process_key,
                                       int iterations = default_iterations);

}  // namespace highwater::auth
