#pragma once

// Passwords that somebody else judges, a directory (LDAP) or the machine's PAM: what they are asked. Who asks them is
// told by these values, and answers with one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/auth_rule.hpp"
#include "proxy/auth/error.hpp"
#include "proxy/auth/wiped.hpp"

namespace highwater::auth {

// Exactly one entry must be found; its name is then what the user is known by.
struct ldap_search {
  std::string base;
  config::ldap_scope scope = config::ldap_scope::sub;
  std::string filter;    // RFC 4515
  std::string bind_dn;   // who searches; empty: anybody
  secret_text password;  // ... its own
};

struct ldap_question {
  std::vector<std::string> uris;  // tried in this order; each as RFC 4516 has it
  bool start_tls = false;
  std::string ca;  // empty: as the library is configured
  std::chrono::milliseconds timeout{};
  std::string name;                   // what the directory knows the user by; empty where it is searched for
  std::optional<ldap_search> search;  // ... by this
  secret_text password;  // never empty: a name without a password is nobody's, and is let in (RFC 4513, 5.1.2)
};

struct pam_question {
  std::string service;
  std::string user;
  std::string remote_host;  // empty: this machine
  secret_text password;
};

using question = std::variant<ldap_question, pam_question>;

struct verdict {
  enum class outcome : std::uint8_t { right, wrong, unavailable };
  outcome what = outcome::unavailable;
  std::string reason{};  // for the log alone
};

// Fails with a reason for the log where PostgreSQL does not ask: a name with `*()\/` in it is not searched for.
struct ldap_inquiry {
  std::optional<ldap_question> question;
  std::string reason{};
};
ldap_inquiry ask_directory(const config::ldap_options& how, std::string_view user, const secret_text& password);

// `address` is the client's, as text.
pam_question ask_pam(std::string_view service, std::string_view user, std::string_view address,
                     const secret_text& password);

// A value within a distinguished name (RFC 4514, 2.4), and within a filter (RFC 4515, 3).
std::string escaped_in_dn(std::string_view value);
std::string escaped_in_filter(std::string_view value);

// What a rule's method says of a verdict; none where the user is let in.
std::optional<error> refusal_of(config::auth_method method, verdict::outcome what);

}  // namespace highwater::auth
