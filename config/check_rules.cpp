// What contradicts what in the rules for logins. Where PostgreSQL refuses a line of pg_hba.conf, it is refused here.

#include <initializer_list>
#include <set>

#include "config/checker.hpp"

namespace highwater::config {
namespace {

using map_names = std::set<std::string, std::less<>>;

class rule_checker {
public:
  rule_checker(checker& out, const auth_rule& rule, std::size_t index, const listen_tls& tls)
      : out_(out), rule_(rule), index_(index), tls_(tls) {}

  void check(const map_names& maps) {
    check_address();
    check_method();
    check_certificate();
    check_encryption();
    check_cleartext();
    check_map(maps);
  }

private:
  void check_address() {
    if (!sound({"type", "address"})) return;
    if (!local() && !rule_.address) say("address", "nothing", "all, an address or a network with type " + type());
    if (local() && rule_.address) say("address", quote(to_string(*rule_.address)), "none with type local");
  }

  void check_method() {
    if (!sound({"type", "method"})) return;
    if (is(auth_method::cert) && !over_tls()) say("method", "'cert'", "type hostssl with it, not " + type());
    if (is(auth_method::peer) && !local()) say("method", "'peer'", "type local with it, not " + type());
  }

  void check_certificate() {
    if (!rule_.clientcert || !sound({"type", "method", "clientcert"})) return;
    const std::string found = quote(to_string(*rule_.clientcert));
    if (!over_tls()) say("clientcert", found, "type hostssl with it, not " + type());
    if (is(auth_method::cert) && *rule_.clientcert != client_certificate::verify_full) {
      say("clientcert", found, "verify-full with method cert, or nothing, which is the same");
    }
  }

  // What can never match, or never let anybody in, was not meant so.
  void check_encryption() {
    if (!sound({"type", "method", "clientcert"}) || !out_.sound("listen.tls")) return;
    if (over_tls() && tls_.mode == tls_mode::disable)
      return say("type", "'hostssl'", "TLS in listen.tls with it, as nobody could come in by it");
    const bool needs_certificate = is(auth_method::cert) || rule_.clientcert.has_value();
    if (over_tls() && needs_certificate && tls_.client_ca.empty())
      say(rule_.clientcert ? "clientcert" : "method", quote(to_string_of_need()), "listen.tls.client_ca with it");
  }
  std::string to_string_of_need() const {
    return std::string(rule_.clientcert ? to_string(*rule_.clientcert) : to_string(rule_.method));
  }

  // A Unix-domain socket is no network.
  void check_cleartext() {
    if (!sound({"type", "method", "allow_cleartext"})) return;
    const bool in_the_clear = asks_in_the_clear(rule_.method) && !local() && !over_tls();
    if (in_the_clear && !rule_.allow_cleartext) {
      say("method", quote(to_string(rule_.method)) + " with type " + type(),
          "type hostssl, or method scram-sha-256, or allow_cleartext: true to let passwords be read on their way");
    }
    if (!in_the_clear && rule_.allow_cleartext) {
      say("allow_cleartext", "'true'", "method password, ldap or pam and type host or hostnossl with it");
    }
  }

  void check_map(const map_names& maps) {
    if (rule_.map.empty() || !sound({"method", "map"})) return;
    if (!is(auth_method::cert) && !is(auth_method::peer)) {
      say("map", quote(rule_.map), "method cert or peer with it, not " + std::string(to_string(rule_.method)));
    } else if (maps.count(rule_.map) == 0 && out_.sound("auth.maps")) {
      say("map", quote(rule_.map), "the name of an entry of auth.maps");
    }
  }

  bool local() const { return rule_.type == connection_type::local; }
  bool over_tls() const { return rule_.type == connection_type::hostssl; }
  bool is(auth_method method) const { return rule_.method == method; }
  std::string type() const { return std::string(to_string(rule_.type)); }

  std::string key(std::string_view option) const { return indexed("auth.rules", index_, option); }
  bool sound(std::initializer_list<std::string_view> options) const {
    return std::all_of(options.begin(), options.end(), [&](auto each) { return out_.sound(key(each)); });
  }
  void say(std::string_view option, std::string found, std::string expected) {
    out_.say(key(option), std::move(found), std::move(expected));
  }

  checker& out_;
  const auth_rule& rule_;
  std::size_t index_;
  const listen_tls& tls_;
};

void check_mapping(checker& out, const name_mapping& value, std::size_t index) {
  const std::string external = indexed("auth.maps", index, "external");
  const std::string user = indexed("auth.maps", index, "user");
  if (value.user.find("\\1") == std::string::npos || !out.sound(external) || !out.sound(user)) return;
  const bool has_group = value.external.expression && value.external.expression->has_group();
  if (!has_group) out.say(user, quote(value.user), "no \\1, or a regular expression with parentheses in external");
}

// The first rule that asks for a password, where nobody has one.
void check_passwords(checker& out, const auth& value) {
  const auto asks = std::find_if(value.rules.begin(), value.rules.end(),
                                 [](const auth_rule& each) { return asks_for_password(each.method); });
  if (asks == value.rules.end() || !value.users.empty() || value.query.enabled()) return;
  if (!out.sound("auth.users") || !out.sound("auth.query")) return;
  const auto index = static_cast<std::size_t>(asks - value.rules.begin());
  out.say("auth.users", "nothing",
          "at least one user, or auth.query, as " + indexed("auth.rules", index, "method") + " is " +
              std::string(to_string(asks->method)));
}

}  // namespace

void check_rules(checker& out, const auth& value, const listen_tls& tls) {
  map_names maps;
  for (const name_mapping& each : value.maps) maps.insert(each.name);
  for (std::size_t index = 0; index < value.rules.size(); ++index) {
    rule_checker(out, value.rules[index], index, tls).check(maps);
    check_elsewhere(out, value.rules[index], index);
  }
  for (std::size_t index = 0; index < value.maps.size(); ++index) check_mapping(out, value.maps[index], index);
  check_passwords(out, value);
}

}  // namespace highwater::config
