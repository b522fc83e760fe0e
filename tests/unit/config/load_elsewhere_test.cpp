// Rules whose passwords a directory or PAM judges: what is read, and all that can be wrong with them.

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::config {
namespace {

std::string with(const std::string& rule, const std::string& how = "type: hostssl, address: all") {
  return "auth: {rules: [{" + how + ", databases: [all], users: [all], " + rule + "}]}\n" +
         "cluster: {nodes: [{host: a}]}\nlisten: {tls: {mode: prefer, certificate: /c, key: /k}}\n";
}

std::string mistakes_of(const std::string& yaml) {
  std::string result;
  for (const mistake& each : load_text(yaml).mistakes) {
    result += (result.empty() ? "" : "\n") + each.key + ": found " + each.found + ", expected " + each.expected;
  }
  return result;
}

constexpr const char* searching =
    "method: ldap, ldap: {servers: [a.example.net, \"::1\"], port: 1389, tls: true, ca: /ca, basedn: "
    "\"dc=example,dc=net\", "
    "binddn: \"cn=reader\", bindpasswd: hidden, searchfilter: \"(|(uid=$username)(mail=$username))\", scope: one, "
    "timeout: 2s}";

TEST(load_elsewhere, what_is_written) {
  const auto result = load_text(with(searching));
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, "f");
  const auto& rule = result.config.auth.rules.at(0);
  EXPECT_EQ(rule.method, auth_method::ldap);
  EXPECT_EQ(rule.ldap.servers, (std::vector<std::string>{"a.example.net", "::1"}));
  EXPECT_EQ(rule.ldap.port, 1389);
  EXPECT_TRUE(rule.ldap.tls.value());
  EXPECT_EQ(rule.ldap.ca, "/ca");
  EXPECT_EQ(rule.ldap.basedn, "dc=example,dc=net");
  EXPECT_EQ(rule.ldap.binddn, "cn=reader");
  EXPECT_EQ(rule.ldap.bindpasswd, "hidden");
  EXPECT_EQ(rule.ldap.searchfilter, "(|(uid=$username)(mail=$username))");
  EXPECT_EQ(rule.ldap.scope, ldap_scope::one);
  EXPECT_EQ(rule.ldap.timeout, std::chrono::seconds(2));
  EXPECT_EQ(load_text(with("method: pam, pam_service: db")).config.auth.rules.at(0).pam_service, "db");
}

TEST(load_elsewhere, is_written_as_it_is_read_but_for_the_password) {
  const auto written = to_yaml(load_text(with(searching)).config);
  EXPECT_EQ(written.find("hidden"), std::string::npos) << written;
  auto again = load_text(written);
  ASSERT_EQ(again.mistakes.size(), 1U) << written;
  EXPECT_EQ(again.mistakes[0].key, "auth.rules[0].ldap.bindpasswd");
  again.config.auth.rules[0].ldap.bindpasswd = "hidden";
  EXPECT_EQ(to_yaml(again.config), written);
  const auto others = to_yaml(load_text(with("method: trust")).config);
  EXPECT_EQ(others.find("ldap"), std::string::npos) << "nothing is said of what is not there: " << others;
}

// As method password, whatever else there is.
TEST(load_elsewhere, asks_in_the_clear) {
  const std::string ldap = "method: ldap, ldap: {servers: [a], prefix: \"uid=\"}";
  const std::string clear =
      ", expected type hostssl, or method scram-sha-256, or allow_cleartext: true to let passwords be read on their "
      "way";
  struct row {
    const char* how;
    std::string rule, mistake;
  };
  const row rows[] = {
      {"type: hostssl, address: all", ldap, ""},
      {"type: hostssl, address: all", "method: pam", ""},
      {"type: local", ldap, ""},
      {"type: local", "method: pam", ""},
      {"type: host, address: all", ldap, "method: found 'ldap' with type host" + clear},
      {"type: hostnossl, address: all", "method: pam", "method: found 'pam' with type hostnossl" + clear},
      {"type: host, address: all, allow_cleartext: true", ldap, ""},
      {"type: host, address: all, allow_cleartext: true", "method: pam", ""},
      {"type: local, map: m", "method: pam", "map: found 'm', expected method cert or peer with it, not pam"},
  };
  for (const auto& [how, rule, mistake] : rows)
    EXPECT_EQ(mistakes_of(with(rule, how)), mistake.empty() ? "" : "auth.rules[0]." + mistake) << how << rule;
}

TEST(load_elsewhere, what_can_never_work) {
  const auto ldap = [](const std::string& options) { return "method: ldap, ldap: {servers: [a], " + options + "}"; };
  const std::string direct = ", expected none with prefix or suffix, as nobody is searched for then";
  struct row {
    std::string rule, mistakes;
  };
  const row rows[] = {
      {ldap("prefix: 'uid=', suffix: ',dc=net'"), ""},
      {ldap("suffix: '@example.net', scheme: ldaps, ca: /ca"), ""},
      {ldap("basedn: dc=net"), ""},
      {ldap("basedn: dc=net, searchattribute: mail, scope: base"), ""},
      {"method: ldap",
       "ldap.servers: found nothing, expected at least one host with method ldap\n"
       "ldap.basedn: found nothing, expected a basedn, or a prefix or suffix of the user's name"},
      {"method: ldap, ldap: {servers: [], basedn: dc=net}",
       "ldap.servers: found an empty list, expected a list of hosts, at least one"},
      {ldap("port: 389"), "ldap.basedn: found nothing, expected a basedn, or a prefix or suffix of the user's name"},
      {ldap("prefix: uid=, basedn: dc=net"), "ldap.basedn: found 'dc=net'" + direct},
      {ldap("suffix: s, binddn: cn=r"), "ldap.binddn: found 'cn=r'" + direct},
      {ldap("suffix: s, bindpasswd: hidden"), "ldap.bindpasswd: found a password" + direct},
      {ldap("suffix: s, searchattribute: uid"), "ldap.searchattribute: found 'uid'" + direct},
      {ldap("suffix: s, searchfilter: $username"), "ldap.searchfilter: found '$username'" + direct},
      {ldap("suffix: s, scope: sub"), "ldap.scope: found 'sub'" + direct},
      {ldap("basedn: dc=net, searchattribute: uid, searchfilter: (uid=$username)"),
       "ldap.searchattribute: found 'uid', expected none with searchfilter"},
      {ldap("basedn: dc=net, searchfilter: (uid=app)"),
       "ldap.searchfilter: found '(uid=app)', expected $username in it, where the user's name is to stand"},
      {ldap("basedn: dc=net, binddn: cn=r"),
       "ldap.bindpasswd: found nothing, expected the password of binddn; without a binddn anybody searches"},
      {ldap("basedn: dc=net, bindpasswd: hidden"), "ldap.binddn: found nothing, expected whose password bindpasswd is"},
      {ldap("prefix: uid=, scheme: ldaps, tls: true"),
       "ldap.tls: found 'true', expected scheme ldap with it: with ldaps there is TLS already"},
      {ldap("prefix: uid=, ca: /ca"), "ldap.ca: found '/ca', expected tls: true or scheme ldaps with it"},
      {ldap("prefix: uid=, tls: false, ca: /ca"), "ldap.ca: found '/ca', expected tls: true or scheme ldaps with it"},
      {ldap("prefix: uid=, scheme: ldapi"), "ldap.scheme: found 'ldapi', expected one of ldap, ldaps"},
      {"method: ldap, ldap: {servers: ['ldap://a:389'], prefix: uid=}",
       "ldap.servers[0]: found the text 'ldap://a:389', expected a host name or an IP address, without a scheme and a "
       "port"},
      {"method: trust, ldap: {servers: [a]}", "ldap: found a directory, expected method ldap with it, not trust"},
      {"method: pam, ldap: {scope: sub}", "ldap: found a directory, expected method ldap with it, not pam"},
      {"method: pam, pam_service: highwater-2", ""},
      {"method: pam, pam_service: ../shadow",
       "pam_service: found '../shadow', expected the name of a file in /etc/pam.d, in lower case"},
      {"method: trust, pam_service: db", "pam_service: found 'db', expected method pam with it, not trust"},
  };
  for (const auto& [rule, mistakes] : rows) {
    std::string expected = mistakes.empty() ? "" : "auth.rules[0]." + mistakes;
    if (const auto second = expected.find('\n'); second != std::string::npos)
      expected.insert(second + 1, "auth.rules[0].");
    EXPECT_EQ(mistakes_of(with(rule)), expected) << rule;
  }
}

// Who is known elsewhere need not be known here.
TEST(load_elsewhere, needs_no_users) {
  EXPECT_EQ(mistakes_of(with("method: pam")), "");
  EXPECT_NE(mistakes_of(with("method: password")), "");
}

}  // namespace
}  // namespace highwater::config
