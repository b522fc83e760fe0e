#pragma once

// Who may log in from where, and how: what pg_hba.conf and pg_ident.conf say in PostgreSQL. proxy/auth/rules.hpp finds
// the rule that applies. https://www.postgresql.org/docs/15/auth-pg-hba-conf.html

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/enum_names.hpp"
#include "config/network.hpp"
#include "config/regex.hpp"

namespace highwater::config {

// hostssl and hostnossl are with and without TLS; local is a Unix-domain socket.
enum class connection_type : std::uint8_t { local, host, hostssl, hostnossl };
constexpr std::string_view to_string(connection_type value) noexcept {
  switch (value) {
    using enum connection_type;
    case local:
      return "local";
    case host:
      return "host";
    case hostssl:
      return "hostssl";
    case hostnossl:
      return "hostnossl";
  }
  return {};
}

// With md5, whose secret is a SCRAM secret uses SCRAM, as in PostgreSQL. With ldap and pam somebody else says whether
// the password is the user's.
enum class auth_method : std::uint8_t { trust, reject, scram_sha_256, md5, password, cert, peer, ldap, pam };
constexpr std::string_view to_string(auth_method value) noexcept {
  switch (value) {
    using enum auth_method;
    case trust:
      return "trust";
    case reject:
      return "reject";
    case scram_sha_256:
      return "scram-sha-256";
    case md5:
      return "md5";
    case password:
      return "password";
    case cert:
      return "cert";
    case peer:
      return "peer";
    case ldap:
      return "ldap";
    case pam:
      return "pam";
  }
  return {};
}
// ... that is held against a secret which is known here.
constexpr bool asks_for_password(auth_method value) noexcept {
  return value == auth_method::scram_sha_256 || value == auth_method::md5 || value == auth_method::password;
}
// ... that somebody else judges.
constexpr bool asks_elsewhere(auth_method value) noexcept {
  return value == auth_method::ldap || value == auth_method::pam;
}
// ... that whoever listens can read, where there is no TLS.
constexpr bool asks_in_the_clear(auth_method value) noexcept {
  return value == auth_method::password || asks_elsewhere(value);
}

// What is asked of the client's certificate: that it is signed by a trusted authority; and that its name is the user's.
enum class client_certificate : std::uint8_t { verify_ca, verify_full };
constexpr std::string_view to_string(client_certificate value) noexcept {
  switch (value) {
    using enum client_certificate;
    case verify_ca:
      return "verify-ca";
    case verify_full:
      return "verify-full";
  }
  return {};
}

enum class ldap_scheme : std::uint8_t { ldap, ldaps };
constexpr std::string_view to_string(ldap_scheme value) noexcept {
  switch (value) {
    using enum ldap_scheme;
    case ldap:
      return "ldap";
    case ldaps:
      return "ldaps";
  }
  return {};
}

// How far below `basedn` is searched: all of it, one level, the entry itself.
enum class ldap_scope : std::uint8_t { sub, one, base };
constexpr std::string_view to_string(ldap_scope value) noexcept {
  switch (value) {
    using enum ldap_scope;
    case sub:
      return "sub";
    case one:
      return "one";
    case base:
      return "base";
  }
  return {};
}

// Which directory is asked, and how: what pg_hba.conf calls ldapserver, ldapprefix and so on. With `basedn` the user is
// searched for there; else the user's name between `prefix` and `suffix` is what the directory knows the user by.
struct ldap_options {
  std::vector<std::string> servers;  // hosts, tried in this order; none with another method
  std::optional<std::uint16_t> port;
  std::optional<ldap_scheme> scheme;  // none: ldap
  std::optional<bool> tls;            // StartTLS
  std::string ca;                     // a file in PEM; empty: as ldap.conf has it
  std::string prefix;
  std::string suffix;
  std::string basedn;
  std::string binddn;  // who searches; empty: anybody may
  std::string bindpasswd;
  std::string searchattribute;
  std::string searchfilter;
  std::optional<ldap_scope> scope;                   // none: sub
  std::optional<std::chrono::milliseconds> timeout;  // for all of one login

  bool over_tls() const noexcept { return scheme == ldap_scheme::ldaps; }
  bool operator==(const ldap_options&) const = default;
};
inline constexpr std::chrono::milliseconds default_ldap_timeout{5'000};
inline constexpr std::string_view default_pam_service = "highwater";

// `same_user` and `replication` are for databases.
struct name_pattern {
  enum class kind : std::uint8_t { name, all, same_user, replication, expression };
  kind what = kind::name;
  std::string text;  // as written; with its slash
  std::optional<regex> expression;
};

struct auth_rule {
  connection_type type = connection_type::host;
  std::vector<name_pattern> databases;
  std::vector<name_pattern> users;
  std::optional<network> address;  // none with type local
  auth_method method = auth_method::reject;
  std::string map;  // of auth.maps; empty: the names have to be equal
  std::optional<client_certificate> clientcert;
  bool allow_cleartext = false;  // a method that asks in the clear, on a connection without TLS
  ldap_options ldap;
  std::string pam_service;  // empty: default_pam_service
};

// Who is called `external` by the certificate or the operating system may log in as `user`, where \1 stands for what
// the first parentheses in `external` match. Entries with one name are one map.
struct name_mapping {
  std::string name;
  name_pattern external;  // a name or an expression
  std::string user;
};

}  // namespace highwater::config
