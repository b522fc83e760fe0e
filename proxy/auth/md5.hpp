#pragma once

// PostgreSQL's older password exchange, AuthenticationMD5Password: only for logging in to servers that still ask for
// it.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/auth/error.hpp"

namespace highwater::auth {

using md5_salt = std::array<std::uint8_t, 4>;  // as the server sent it

// What pg_authid.rolpassword holds: "md5" and the hash of password and user name.
result<std::string> md5_secret(std::string_view password, std::string_view user);

// The text of PasswordMessage: "md5" + hex(md5(hex(md5(password + user)) + salt)). May fail with crypto_unavailable.
result<std::string> md5_response(std::string_view password, std::string_view user, const md5_salt& salt);

}  // namespace highwater::auth
