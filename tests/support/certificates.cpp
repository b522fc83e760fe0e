#include "tests/support/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <stdexcept>

namespace highwater::testing_support {

namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using certificate_ptr = std::unique_ptr<X509, void (*)(X509*)>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

key_ptr make_key(bool rsa) {
  key_ptr key(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free);
  require(key != nullptr, "no key");
  return key;
}

template <class Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  require(write(out.get()) == 1, "cannot write PEM");
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

certificate_pair as_pem(X509* certificate, EVP_PKEY* key) {
  return {pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); }),
          pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); })};
}

void add_extension(X509* to, X509* issuer, int which, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  auto* const made = X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str());
  require(made != nullptr && X509_add_ext(to, made, -1) == 1, "cannot add an extension");
  X509_EXTENSION_free(made);
}

certificate_ptr make_certificate(const std::string& common_name, EVP_PKEY* key, long begins, long ends) {
  static long serial = 0;
  certificate_ptr made(X509_new(), X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), ends);
  X509_set_pubkey(made.get(), key);
  const auto* const text = reinterpret_cast<const unsigned char*>(common_name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  return made;
}

constexpr long day = 86'400;

}  // namespace

certificate_authority::certificate_authority(const std::string& name)
    : key_(make_key(false)), signed_by_(make_certificate(name, key_.get(), -day, day)) {
  X509_set_issuer_name(signed_by_.get(), X509_get_subject_name(signed_by_.get()));
  add_extension(signed_by_.get(), signed_by_.get(), NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(signed_by_.get(), key_.get(), EVP_sha256()) > 0, "cannot sign");
  own_ = as_pem(signed_by_.get(), key_.get());
}

certificate_authority::~certificate_authority() = default;

certificate_pair certificate_authority::issue(const subject& whom) const {
  const auto key = make_key(whom.rsa);
  const auto made = make_certificate(whom.common_name, key.get(), -2 * day, whom.expired ? -day : day);
  X509_set_issuer_name(made.get(), X509_get_subject_name(signed_by_.get()));
  std::string names;
  for (const auto& each : whom.names) names += (names.empty() ? "" : ",") + each;
  if (!names.empty()) add_extension(made.get(), signed_by_.get(), NID_subject_alt_name, names);
  require(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "cannot sign");
  return as_pem(made.get(), key.get());
}

std::string write_secret(const std::filesystem::path& folder, const std::string& name, const std::string& text) {
  const auto path = folder / name;
  std::ofstream(path) << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path.string();
}

}  // namespace highwater::testing_support
