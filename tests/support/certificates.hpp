#pragma once

// Certificates for tests, made on the spot: an authority, and what it signs. Everything is PEM.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace highwater::testing_support {

struct certificate_pair {
  std::string certificate;
  std::string key;
};

class certificate_authority {
public:
  explicit certificate_authority(const std::string& name = "test authority");
  ~certificate_authority();

  const std::string& certificate() const { return own_.certificate; }

  struct subject {
    std::string common_name = "localhost";
    std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
    bool expired = false;
    bool rsa = false;  // P-256 otherwise
  };
  certificate_pair issue(const subject& whom) const;

private:
  std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> key_;
  std::unique_ptr<x509_st, void (*)(x509_st*)> signed_by_;
  certificate_pair own_;
};

// What only its owner can read.
std::string write_secret(const std::filesystem::path& folder, const std::string& name, const std::string& text);

}  // namespace highwater::testing_support
