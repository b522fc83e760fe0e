#include "proxy/auth/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace highwater::auth {
namespace {

void require(bool done) {
  if (!done) throw boost::system::system_error{make_error_code(error::crypto_unavailable)};
}

}  // namespace

digest sha256(byte_span data) {
  digest made;
  require(EVP_Digest(data.data(), data.size(), made.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return made;
}

digest hmac_sha256(byte_span key, std::string_view data) {
  digest made;
  const auto bytes = as_bytes(data);
  require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), made.data(),
               nullptr) != nullptr);
  return made;
}

digest pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations) {
  digest made;
  // OpenSSL takes a null pointer for "measure it yourself", which an empty view may hold.
  const char* characters = password.empty() ? "" : password.data();
  require(PKCS5_PBKDF2_HMAC(characters, static_cast<int>(password.size()), as_bytes(salt).data(),
                            static_cast<int>(salt.size()), iterations, EVP_sha256(), static_cast<int>(made.size()),
                            made.data()) == 1);
  return made;
}

std::string md5_hex(std::string_view data) {
  std::array<std::uint8_t, 16> sum;
  require(EVP_Digest(data.data(), data.size(), sum.data(), nullptr, EVP_md5(), nullptr) == 1);
  std::string hex;
  hex.reserve(2 * sum.size());
  for (const auto byte : sum) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

bool equal_in_constant_time(byte_span left, byte_span right) noexcept {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string base64(byte_span data) {
  std::string text((data.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends what it writes with a NUL
  const auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data.data(), static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string data(text.size() / 4 * 3, '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(data.data()), as_bytes(text).data(),
                                    static_cast<int>(text.size()));
  const auto padding = text.size() - (text.find_last_not_of('=') + 1);
  if (size < 0 || padding > 2) return std::nullopt;
  data.resize(static_cast<std::size_t>(size) - std::min(padding, static_cast<std::size_t>(size)));
  // OpenSSL is lenient with white space and with bits that the padding makes meaningless.
  if (base64(as_bytes(data)) != text) return std::nullopt;
  return data;
}

std::optional<digest> digest_from_base64(std::string_view text) {
  const auto data = from_base64(text);
  digest made;
  if (!data || data->size() != made.size()) return std::nullopt;
  std::copy(data->begin(), data->end(), made.begin());
  return made;
}

}  // namespace highwater::auth
