#pragma once

// The few primitives of OpenSSL that logging in needs. Where OpenSSL refuses one of them they throw
// boost::system::system_error(error::crypto_unavailable); the room's doors turn that into a value with as_result().

#include <openssl/crypto.h>

#include <array>
#include <boost/system/system_error.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/auth/error.hpp"

namespace highwater::auth {

using digest = std::array<std::uint8_t, 32>;  // SHA-256
using byte_span = std::span<const std::uint8_t>;

digest sha256(byte_span data);
digest hmac_sha256(byte_span key, std::string_view data);
digest pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);
std::string md5_hex(std::string_view data);  // 32 lower-case digits

// How long they are is no secret.
bool equal_in_constant_time(byte_span left, byte_span right) noexcept;

std::string base64(byte_span data);
// Only what base64() would have written: no white space, no missing padding, no stray bits.
std::optional<std::string> from_base64(std::string_view text);
std::optional<digest> digest_from_base64(std::string_view text);

inline byte_span as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Leaves no copy of a secret behind in freed memory or on the stack. The container must not be reallocated meanwhile.
template <class Container>
class wipe_on_exit {
public:
  explicit wipe_on_exit(Container& held) noexcept : held_{held} {}
  wipe_on_exit(const wipe_on_exit&) = delete;
  wipe_on_exit& operator=(const wipe_on_exit&) = delete;
  ~wipe_on_exit() { OPENSSL_cleanse(held_.data(), held_.size()); }

private:
  Container& held_;
};

template <class Function>
auto as_result(Function&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const boost::system::system_error& refused) {
    return refused.code();
  }
}

}  // namespace highwater::auth
