// What contradicts what in rules whose passwords somebody else judges. Where PostgreSQL refuses a line of pg_hba.conf,
// it is refused here.

#include <initializer_list>

#include "config/checker.hpp"

namespace highwater::config {
namespace {

class ldap_checker {
public:
  ldap_checker(checker& out, const ldap_options& ldap, std::size_t index) : out_(out), ldap_(ldap), index_(index) {}

  void check() {
    if (ldap_.servers.empty() && sound({"servers"})) say("servers", "nothing", "at least one host with method ldap");
    check_mode();
    check_search();
    check_encryption();
  }

private:
  struct written_option {
    std::string_view key;
    const std::string& value;
  };

  void check_mode() {
    if (!sound({"prefix", "suffix", "basedn"})) return;
    const bool direct = !ldap_.prefix.empty() || !ldap_.suffix.empty();
    if (!direct && ldap_.basedn.empty()) say("basedn", "nothing", "a basedn, or a prefix or suffix of the user's name");
    if (direct) refuse_searching();
  }

  void refuse_searching() {
    const written_option searching[] = {{"basedn", ldap_.basedn},
                                        {"binddn", ldap_.binddn},
                                        {"bindpasswd", ldap_.bindpasswd},
                                        {"searchattribute", ldap_.searchattribute},
                                        {"searchfilter", ldap_.searchfilter}};
    const std::string expected = "none with prefix or suffix, as nobody is searched for then";
    for (const auto& [key, value] : searching) {
      if (!value.empty() && sound({key})) say(key, key == "bindpasswd" ? "a password" : quote(value), expected);
    }
    if (ldap_.scope && sound({"scope"})) say("scope", quote(to_string(*ldap_.scope)), expected);
  }

  // A name without a password is nobody's (RFC 4513, 5.1.2), and a filter without the user's name finds the same entry
  // for everybody.
  void check_search() {
    if (ldap_.basedn.empty()) return;
    if (!ldap_.searchattribute.empty() && !ldap_.searchfilter.empty() && sound({"searchattribute", "searchfilter"}))
      say("searchattribute", quote(ldap_.searchattribute), "none with searchfilter");
    if (!ldap_.searchfilter.empty() && ldap_.searchfilter.find("$username") == std::string::npos)
      say("searchfilter", quote(ldap_.searchfilter), "$username in it, where the user's name is to stand");
    if (!sound({"binddn", "bindpasswd"})) return;
    if (!ldap_.binddn.empty() && ldap_.bindpasswd.empty())
      say("bindpasswd", "nothing", "the password of binddn; without a binddn anybody searches");
    if (ldap_.binddn.empty() && !ldap_.bindpasswd.empty()) say("binddn", "nothing", "whose password bindpasswd is");
  }

  void check_encryption() {
    if (!sound({"scheme", "tls", "ca"})) return;
    const bool starts_tls = ldap_.tls.value_or(false);
    if (ldap_.over_tls() && starts_tls) say("tls", "'true'", "scheme ldap with it: with ldaps there is TLS already");
    if (!ldap_.over_tls() && !starts_tls && !ldap_.ca.empty())
      say("ca", quote(ldap_.ca), "tls: true or scheme ldaps with it");
  }

  std::string key(std::string_view option) const {
    return indexed("auth.rules", index_, std::string("ldap.").append(option));
  }
  bool sound(std::initializer_list<std::string_view> options) const {
    return std::all_of(options.begin(), options.end(), [&](auto each) { return out_.sound(key(each)); });
  }
  void say(std::string_view option, std::string found, std::string expected) {
    out_.say(key(option), std::move(found), std::move(expected));
  }

  checker& out_;
  const ldap_options& ldap_;
  std::size_t index_;
};

}  // namespace

void check_elsewhere(checker& out, const auth_rule& rule, std::size_t index) {
  const auto key = [index](std::string_view option) { return indexed("auth.rules", index, option); };
  if (!out.sound(key("method"))) return;
  const std::string method(to_string(rule.method));
  if (rule.method == auth_method::ldap) {
    ldap_checker(out, rule.ldap, index).check();
  } else if (rule.ldap != ldap_options{}) {
    out.say(key("ldap"), "a directory", "method ldap with it, not " + method);
  }
  if (rule.method != auth_method::pam && !rule.pam_service.empty() && out.sound(key("pam_service")))
    out.say(key("pam_service"), quote(rule.pam_service), "method pam with it, not " + method);
}

}  // namespace highwater::config
