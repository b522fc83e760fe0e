#include "proxy/io/tls_text.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstring>
#include <memory>

namespace highwater::proxy {

namespace {

std::string text_of(unsigned long code) {
  if (code == 0) return "the connection was closed";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const auto* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

std::string without_nul(std::string text) {
  return text.find('\0') == std::string::npos ? text : std::string();
}

}  // namespace

// The first one is the cause; those behind it say who has called whom.
std::string tls_reason() {
  const auto first = ERR_get_error();
  ERR_clear_error();
  return text_of(first);
}

std::string tls_reason(const ssl_st* connection) {
  auto why = tls_reason();
  const auto verified = SSL_get_verify_result(connection);
  if (verified != X509_V_OK) why.append(": ").append(X509_verify_cert_error_string(verified));
  return why;
}

std::string end_point_hash(const x509_st* certificate) {
  int signature_hash = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(const_cast<X509*>(certificate), &signature_hash, nullptr, nullptr, nullptr) != 1)
    return {};
  if (signature_hash == NID_md5 || signature_hash == NID_sha1) signature_hash = NID_sha256;
  const auto* const hash = EVP_get_digestbynid(signature_hash);
  if (hash == nullptr) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (X509_digest(certificate, hash, bytes.data(), &size) != 1) return {};
  return {bytes.begin(), bytes.begin() + size};
}

std::string common_name(const x509_st* certificate) {
  if (certificate == nullptr) return {};
  auto* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  const std::string name(text, text + size);
  OPENSSL_free(text);
  return without_nul(name);
}

std::string distinguished_name(const x509_st* certificate) {
  if (certificate == nullptr) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return without_nul({text, static_cast<std::size_t>(size)});
}

}  // namespace highwater::proxy
