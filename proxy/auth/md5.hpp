#pragma once

// PostgreSQL's older password exchange, AuthenticationMD5Password. Everything here may fail with crypto_unavailable.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/error.hpp"

namespace highwater::auth {

using md5_salt = std::array<std::uint8_t, 4>;  // as the server sent it; random, and fresh for every exchange

// What pg_authid.rolpassword holds: "md5" and the hash of password and user name.
result<std::string> md5_secret(std::string_view password, std::string_view user);

// The text of PasswordMessage: "md5" + hex(md5(hex(md5(password + user)) + salt)).
result<std::string> md5_response(std::string_view password, std::string_view user, const md5_salt& salt);

// The same from what pg_authid.rolpassword holds, which is all that it takes: such a secret is as good as the password.
result<std::string> md5_response_from(std::string_view secret, const md5_salt& salt);

}  // namespace highwater::auth
