#include "proxy/auth/elsewhere.hpp"

#include <algorithm>

namespace highwater::auth {
namespace {

constexpr std::string_view placeholder = "$username";

std::string hexadecimal(char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {'\\', digits[value >> 4U], digits[value & 0xFU]};
}

std::string uri_of(const config::ldap_options& how, const std::string& server) {
  const bool v6 = server.find(':') != std::string::npos;
  const auto port = how.port.value_or(how.over_tls() ? 636 : 389);
  return std::string(to_string(how.scheme.value_or(config::ldap_scheme::ldap))) + "://" +
         (v6 ? "[" + server + "]" : server) + ":" + std::to_string(port);
}

// An Active Directory takes names that are none of RFC 4514, too: user@example.net, EXAMPLE\user. In these nothing has
// to be escaped.
std::string name_of(const config::ldap_options& how, std::string_view user) {
  const bool is_dn = (how.prefix + how.suffix).find('=') != std::string::npos;
  return how.prefix + (is_dn ? escaped_in_dn(user) : std::string(user)) + how.suffix;
}

std::string filter_of(const config::ldap_options& how, std::string_view user) {
  const auto value = escaped_in_filter(user);
  if (how.searchfilter.empty())
    return "(" + (how.searchattribute.empty() ? "uid" : how.searchattribute) + "=" + value + ")";
  std::string filter = how.searchfilter;
  for (std::size_t at = 0; (at = filter.find(placeholder, at)) != std::string::npos; at += value.size())
    filter.replace(at, placeholder.size(), value);
  return filter;
}

ldap_search search_for(const config::ldap_options& how, std::string_view user) {
  return {how.basedn, how.scope.value_or(config::ldap_scope::sub), filter_of(how, user), how.binddn,
          secret_text(how.bindpasswd)};
}

}  // namespace

std::string escaped_in_dn(std::string_view value) {
  constexpr std::string_view special = "\"+,;<=>\\";
  std::string escaped;
  for (std::size_t at = 0; at < value.size(); ++at) {
    const char byte = value[at];
    const bool outermost = (byte == ' ' && (at == 0 || at + 1 == value.size())) || (byte == '#' && at == 0);
    if (byte == '\0') {
      escaped += hexadecimal(byte);
      continue;
    }
    if (outermost || special.find(byte) != std::string_view::npos) escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

// What is no ASCII is escaped, too, so that it need not be UTF-8.
std::string escaped_in_filter(std::string_view value) {
  constexpr std::string_view special("*()\\\0", 5);
  std::string escaped;
  for (const char byte : value) {
    const bool plain = static_cast<unsigned char>(byte) < 0x80 && special.find(byte) == std::string_view::npos;
    escaped += plain ? std::string(1, byte) : hexadecimal(byte);
  }
  return escaped;
}

ldap_inquiry ask_directory(const config::ldap_options& how, std::string_view user, const secret_text& password) {
  const bool searches = !how.basedn.empty();
  if (searches && user.find_first_of("*()\\/") != std::string_view::npos)
    return {std::nullopt, "invalid character in user name for LDAP authentication"};
  std::vector<std::string> uris;
  for (const auto& server : how.servers) uris.push_back(uri_of(how, server));
  return {ldap_question{std::move(uris), how.tls.value_or(false), how.ca,
                        how.timeout.value_or(config::default_ldap_timeout), searches ? "" : name_of(how, user),
                        searches ? std::optional(search_for(how, user)) : std::nullopt, password}};
}

pam_question ask_pam(std::string_view service, std::string_view user, std::string_view address,
                     const secret_text& password) {
  return {std::string(service.empty() ? config::default_pam_service : service), std::string(user), std::string(address),
          password};
}

std::optional<error> refusal_of(config::auth_method method, verdict::outcome what) {
  using enum verdict::outcome;
  if (what == right) return std::nullopt;
  if (what == unavailable) return error::judge_unavailable;
  return method == config::auth_method::ldap ? error::ldap_refused : error::pam_refused;
}

}  // namespace highwater::auth
