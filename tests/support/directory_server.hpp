#pragma once

// A real LDAP directory, OpenLDAP's slapd, in a folder and on ports of its own.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/certificates.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/process.hpp"

namespace highwater::testing_support {

class directory_server {
public:
  // Below dc=example,dc=net, on 127.0.0.1: entries as LDIF. Only cn=reader (whose password is "reads") may search.
  // `also`: another URL to listen at.
  directory_server(const std::string& ldif, const certificate_pair& identity, const std::string& also = "");
  ~directory_server();

  std::uint16_t port() const { return port_.number(); }
  std::uint16_t tls_port() const { return tls_port_.number(); }
  std::string log() const { return read_file(log_); }
  void stop();
  void start();

private:
  void configure(const certificate_pair& identity) const;

  std::filesystem::path folder_;
  std::filesystem::path log_;
  reserved_port port_;
  reserved_port tls_port_;
  std::string urls_;
  std::unique_ptr<process> process_;
};

}  // namespace highwater::testing_support
