#include "proxy/auth/stored_secret.hpp"

#include <algorithm>

namespace highwater::auth {
namespace {

constexpr std::string_view md5_prefix = "md5";

// What is compared with where there is nothing to compare with. That it is equal to something lets nobody in.
constexpr std::string_view nobodys_md5 = "md500000000000000000000000000000000";

bool is_md5(std::string_view stored) {
  return stored.size() == nobodys_md5.size() && stored.starts_with(md5_prefix) &&
         stored.find_first_not_of("0123456789abcdef", md5_prefix.size()) == std::string_view::npos;
}

scram_secret nobodys_scram() {
  return {default_iterations, std::string(salt_bytes, '0'), {}, {}};
}

result<void> let_in(bool fits) {
  if (!fits) return error::login_refused;
  return {};
}

result<void> fits_md5(std::string_view stored, std::string_view user, std::string_view password) {
  const auto made = md5_secret(password, user);
  if (!made) return made.error();
  return let_in(equal_in_constant_time(as_bytes(*made), as_bytes(stored)));
}

result<void> fits_scram(const scram_secret& stored, bool usable, std::string_view password) {
  return as_result([&]() -> result<void> {
    const auto salted = salted_password(password, stored.salt, stored.iterations);
    const bool same = equal_in_constant_time(server_key(salted), stored.server_key);
    return let_in(same && usable);
  });
}

}  // namespace

secret_kind kind_of(std::string_view rolpassword) {
  if (rolpassword.empty()) return secret_kind::none;
  if (is_md5(rolpassword)) return secret_kind::md5;
  return parse_secret(rolpassword) ? secret_kind::scram : secret_kind::plain;
}

result<void> md5_verifies(std::string_view rolpassword, const md5_salt& salt, std::string_view response) {
  if (response.empty()) return error::empty_password;
  const bool usable = is_md5(rolpassword);
  const auto expected = md5_response_from(usable ? rolpassword : nobodys_md5, salt);
  if (!expected) return expected.error();
  const bool same = equal_in_constant_time(as_bytes(*expected), as_bytes(response));
  return let_in(same && usable);
}

result<void> password_verifies(std::string_view rolpassword, std::string_view user, std::string_view password) {
  if (password.empty()) return error::empty_password;
  if (is_md5(rolpassword)) return fits_md5(rolpassword, user, password);
  const auto parsed = parse_secret(rolpassword);
  const bool usable = parsed && parsed->iterations <= usual_most_iterations;
  return fits_scram(usable ? *parsed : nobodys_scram(), usable, password);
}

result<std::string> mock_stored_secret(secret_kind kind, std::string_view user, const digest& process_key,
                                       int iterations) {
  return as_result([&]() -> result<std::string> {
    const auto secret = mock_secret(user, process_key, iterations);
    if (kind != secret_kind::md5) return format_secret(secret);
    return md5_secret(base64(secret.stored_key), user);
  });
}

}  // namespace highwater::auth
