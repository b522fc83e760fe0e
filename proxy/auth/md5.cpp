#include "proxy/auth/md5.hpp"

#include "proxy/auth/crypto.hpp"

namespace highwater::auth {
namespace {

constexpr std::string_view prefix = "md5";

std::string hash_both(std::string_view first, std::string_view second) {
  std::string both;
  both.reserve(first.size() + second.size());
  both.append(first).append(second);
  const wipe_on_exit wipe{both};
  return md5_hex(both);
}

}  // namespace

result<std::string> md5_secret(std::string_view password, std::string_view user) {
  return as_result([&]() -> result<std::string> { return std::string{prefix}.append(hash_both(password, user)); });
}

result<std::string> md5_response(std::string_view password, std::string_view user, const md5_salt& salt) {
  auto secret = md5_secret(password, user);
  if (!secret) return secret;
  const wipe_on_exit wipe{*secret};
  return md5_response_from(*secret, salt);
}

result<std::string> md5_response_from(std::string_view secret, const md5_salt& salt) {
  const std::string_view salt_text{reinterpret_cast<const char*>(salt.data()), salt.size()};
  return as_result([&]() -> result<std::string> {
    return std::string{prefix}.append(hash_both(secret.substr(prefix.size()), salt_text));
  });
}

}  // namespace highwater::auth
