// auth.rules and auth.maps: what is read, and all that can be wrong with them.

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::config {
namespace {

using kind = name_pattern::kind;

std::string with_cluster(const std::string& yaml) {
  return yaml +
         "\ncluster: {nodes: [{host: a}]}\nlisten: {tls: {mode: prefer, certificate: /c, key: /k, client_ca: /a}}\n";
}

std::string mistakes_of(const std::string& yaml) {
  std::string result;
  for (const mistake& each : load_text(yaml).mistakes) {
    result += (result.empty() ? "" : "\n") + each.key + ": found " + each.found + ", expected " + each.expected;
  }
  return result;
}

struct row {
  std::string yaml;
  std::string mistakes;
};

// One rule, of which a row gives what is not as it should be. There is a user and a map.
void expect_of_rule(const std::vector<row>& rows) {
  for (const auto& [yaml, mistakes] : rows) {
    const std::string rest = "users: [{name: app, password: p}], maps: [{name: m, external: a, user: b}]";
    EXPECT_EQ(mistakes_of(with_cluster("auth: {rules: [{" + yaml + "}], " + rest + "}")), mistakes) << yaml;
  }
}

constexpr const char* example = R"(
auth:
  method: scram-sha-256
  users: [{name: app, password: p}]
  rules:
    - {type: hostssl, databases: [all], users: [all], address: 10.0.0.0/8, method: scram-sha-256}
    - {type: local, databases: [app, sameuser, replication], users: [app, "/^web_"], method: peer, map: ops}
    - {type: hostssl, databases: ["/^all$"], users: [dba], address: all, method: cert, map: certs}
    - {type: host, databases: [all], users: [old], address: "::1", method: password, allow_cleartext: true}
    - {type: hostssl, databases: [all], users: [x], address: "::/0", method: md5, clientcert: verify-ca}
  maps:
    - {name: certs, external: "/^(.*)@example\\.com$", user: "\\1"}
    - {name: ops, external: root, user: app}
    - {name: ops, external: all, user: everybody}
)";

TEST(load_rules, what_is_written) {
  const auto result = load_text(with_cluster(example));
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, "f");
  const auto& rules = result.config.auth.rules;
  ASSERT_EQ(rules.size(), 5U);
  EXPECT_EQ(rules[0].type, connection_type::hostssl);
  EXPECT_EQ(rules[0].databases.at(0).what, kind::all);
  EXPECT_EQ(to_string(rules[0].address.value()), "10.0.0.0/8");
  EXPECT_EQ(rules[1].databases.at(0).what, kind::name);
  EXPECT_EQ(rules[1].databases.at(1).what, kind::same_user);
  EXPECT_EQ(rules[1].databases.at(2).what, kind::replication);
  EXPECT_EQ(rules[1].users.at(1).what, kind::expression);
  EXPECT_FALSE(rules[1].address);
  EXPECT_EQ(rules[1].map, "ops");
  EXPECT_EQ(rules[2].databases.at(0).what, kind::expression);
  EXPECT_EQ(to_string(rules[2].address.value()), "all");
  EXPECT_TRUE(rules[3].allow_cleartext);
  EXPECT_EQ(rules[4].clientcert, client_certificate::verify_ca);
  EXPECT_EQ(result.config.auth.maps.at(0).user, "\\1");
  EXPECT_EQ(result.config.auth.maps.at(2).external.what, kind::name);
}

TEST(load_rules, that_can_never_let_anybody_in) {
  struct doorway {
    std::string listen, rule, mistake;
  };
  const std::string all = ", address: all, databases: [all], users: [all]";
  const std::string tls = "{tls: {mode: prefer, certificate: c, key: k}}";
  const doorway rows[] = {
      {"{}", "type: hostssl, method: trust",
       "type: found 'hostssl', expected TLS in listen.tls with it, as nobody could come in by it"},
      {tls, "type: hostssl, method: trust", ""},
      {tls, "type: hostssl, method: cert", "method: found 'cert', expected listen.tls.client_ca with it"},
      {tls, "type: hostssl, method: trust, clientcert: verify-ca",
       "clientcert: found 'verify-ca', expected listen.tls.client_ca with it"},
      {"{}", "type: hostnossl, method: trust", ""},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(mistakes_of("auth: {rules: [{" + each.rule + all +
                          "}]}\ncluster: {nodes: [{host: a}]}\nlisten: " + each.listen),
              each.mistake.empty() ? "" : "auth.rules[0]." + each.mistake);
  }
}

TEST(load_rules, are_written_as_they_are_read) {
  const std::string written = to_yaml(load_text(with_cluster(example)).config);
  auto again = load_text(written);
  ASSERT_EQ(again.mistakes.size(), 1U) << written;  // the password that is masked
  EXPECT_EQ(again.mistakes[0].key, "auth.users[0].password");
  again.config.auth.users[0].password = "p";
  EXPECT_EQ(to_yaml(again.config), written);
  EXPECT_NE(written.find("databases: [app, sameuser, replication]"), std::string::npos) << written;
}

TEST(load_rules, every_mistake_of_a_rule_at_once) {
  expect_of_rule({
      {"",
       "auth.rules[0].type: found nothing, expected one of local, host, hostssl, hostnossl\n"
       "auth.rules[0].databases: found nothing, expected a list of names, at least one (all stands for every name)\n"
       "auth.rules[0].users: found nothing, expected a list of names, at least one (all stands for every name)\n"
       "auth.rules[0].method: found nothing, expected one of trust, reject, scram-sha-256, md5, password, cert, peer, "
       "ldap, pam"},
      {"type: hostgssenc, databases: [samerole], users: [+dba], address: samenet, method: gss",
       "auth.rules[0].type: found 'hostgssenc', expected one of local, host, hostssl, hostnossl\n"
       "auth.rules[0].databases[0]: found 'samerole', expected a database, all, sameuser, replication or /regex: only "
       "PostgreSQL knows who is a member of a role\n"
       "auth.rules[0].users[0]: found '+dba', expected a user, all or /regex: only PostgreSQL knows who is a member of "
       "a role\n"
       "auth.rules[0].address: found 'samenet', expected all, or an address such as 10.0.0.1, 10.0.0.0/8 (at most /32) "
       "or 2001:db8::/32 (/128): what this machine's own are is not looked up\n"
       "auth.rules[0].method: found 'gss', expected one of trust, reject, scram-sha-256, md5, password, cert, peer, "
       "ldap, pam"},
  });
}

TEST(load_rules, names) {
  const auto database = [](const std::string& name, const std::string& mistake) {
    const std::string key = "auth.rules[0].databases[0]: found ";
    return row{"type: host, databases: [" + name + "], users: [all], address: all, method: trust",
               mistake.empty() ? "" : key + mistake};
  };
  const auto user = [](const std::string& name, const std::string& mistake) {
    const std::string key = "auth.rules[0].users[0]: found ";
    return row{"type: host, databases: [all], users: [" + name + "], address: all, method: trust",
               mistake.empty() ? "" : key + mistake};
  };
  const std::string a_database = "expected a database, all, sameuser, replication or /regex";
  const std::string a_user = "expected a user, all or /regex";
  const std::string membership = ": only PostgreSQL knows who is a member of a role";
  expect_of_rule({
      database("samegroup", "'samegroup', " + a_database + membership),
      database("+dba", "'+dba', " + a_database + membership),
      database("'@list'", "the text '@list', " + a_database + ": no other file is read"),
      database("''", "the text '', " + a_database + " of 1 to 63 bytes"),
      database(std::string(63, 'x'), ""),
      database(std::string(64, 'x'), "'" + std::string(60, 'x') + "...', " + a_database + " of 1 to 63 bytes"),
      database("'/" + std::string(255, 'x') + "'", ""),
      database("'/['", "the text '/[', expected a regular expression as RE2 takes them: missing ]: ["),
      database("\"a\\0b\"", "the text 'a?b', " + a_database + " of 1 to 63 bytes"),
      database("{}", "a map, " + a_database + " of 1 to 63 bytes"),
      user("'+'", "the text '+', " + a_user + membership),
      user("samerole", "'samerole', " + a_user + membership),
      user("'@list'", "the text '@list', " + a_user + ": no other file is read"),
      user("sameuser", ""),
      user("replication", ""),
      user("'/^(a'", "the text '/^(a', expected a regular expression as RE2 takes them: missing ): ^(a"),
      user("'/(?=a)'",
           "the text '/(?=a)', expected a regular expression as RE2 takes them: invalid perl operator: (?="),
      user("'/^\\+'", ""),
      {"type: host, databases: all, users: [], address: all, method: trust",
       "auth.rules[0].databases: found 'all', expected a list of names, at least one (all stands for every name)\n"
       "auth.rules[0].users: found an empty list, expected a list of names, at least one (all stands for every name)"},
  });
}

TEST(load_rules, addresses) {
  const auto address = [](const std::string& text, const std::string& mistake) {
    return row{"type: host, databases: [all], users: [all], method: trust, address: " + text,
               mistake.empty() ? "" : "auth.rules[0].address: found " + mistake};
  };
  const std::string expected =
      ", expected all, or an address such as 10.0.0.1, 10.0.0.0/8 (at most /32) or 2001:db8::/32 (/128)";
  expect_of_rule({
      address("10.0.0.0/0", ""),
      address("10.0.0.0/32", ""),
      address("10.0.0.0/33", "'10.0.0.0/33'" + expected),
      address("'::/129'", "the text '::/129'" + expected),
      address("10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0'" + expected),
      address("[10.0.0.1]", "a list" + expected),
      address("samehost", "'samehost'" + expected + ": what this machine's own are is not looked up"),
      address("db.example.com", "'db.example.com'" + expected + ": names of hosts are not looked up"),
      address(".example.com", "'.example.com'" + expected + ": names of hosts are not looked up"),
      address("'::ffff:10.0.0.0/104'",
              "the text '::ffff:10.0.0.0/104', expected an IPv4 address as such (10.0.0.0): it holds for IPv4-mapped "
              "ones too"),
      {"type: host, databases: [all], users: [all], method: trust",
       "auth.rules[0].address: found nothing, expected all, an address or a network with type host"},
      {"type: local, databases: [all], users: [all], method: trust, address: 10.0.0.0/8",
       "auth.rules[0].address: found '10.0.0.0/8', expected none with type local"},
      {"type: local, databases: [all], users: [all], method: trust", ""},
  });
}

TEST(load_rules, what_a_method_needs) {
  const auto rule = [](const std::string& type, const std::string& rest, const std::string& mistake) {
    const std::string address = type == "local" ? "" : ", address: all";
    return row{"type: " + type + address + ", databases: [all], users: [all], " + rest,
               mistake.empty() ? "" : "auth.rules[0]." + mistake};
  };
  const std::string clear =
      ", expected type hostssl, or method scram-sha-256, or allow_cleartext: true to let passwords be read on their "
      "way";
  const std::string useless =
      "allow_cleartext: found 'true', expected method password, ldap or pam and type host or hostnossl with it";
  expect_of_rule({
      rule("hostssl", "method: cert", ""),
      rule("host", "method: cert", "method: found 'cert', expected type hostssl with it, not host"),
      rule("hostnossl", "method: cert", "method: found 'cert', expected type hostssl with it, not hostnossl"),
      rule("local", "method: cert", "method: found 'cert', expected type hostssl with it, not local"),
      rule("local", "method: peer", ""),
      rule("host", "method: peer", "method: found 'peer', expected type local with it, not host"),
      rule("local", "method: peer, map: m", ""),
      rule("local", "method: peer, map: n", "map: found 'n', expected the name of an entry of auth.maps"),
      rule("hostssl", "method: cert, map: m", ""),
      rule("host", "method: trust, map: m", "map: found 'm', expected method cert or peer with it, not trust"),
      rule("hostssl", "method: trust, clientcert: verify-full", ""),
      rule("host", "method: trust, clientcert: verify-ca",
           "clientcert: found 'verify-ca', expected type hostssl with it, not host"),
      rule("hostssl", "method: cert, clientcert: verify-full", ""),
      rule("hostssl", "method: cert, clientcert: verify-ca",
           "clientcert: found 'verify-ca', expected verify-full with method cert, or nothing, which is the same"),
      rule("hostssl", "method: trust, clientcert: no-verify",
           "clientcert: found 'no-verify', expected one of verify-ca, verify-full"),
      rule("hostssl", "method: password", ""),
      rule("local", "method: password", ""),
      rule("host", "method: password", "method: found 'password' with type host" + clear),
      rule("hostnossl", "method: password", "method: found 'password' with type hostnossl" + clear),
      rule("host", "method: password, allow_cleartext: false", "method: found 'password' with type host" + clear),
      rule("host", "method: password, allow_cleartext: true", ""),
      rule("hostssl", "method: password, allow_cleartext: true", useless),
      rule("host", "method: md5, allow_cleartext: true", useless),
      rule("host", "method: md5, allow_cleartext: false", ""),
      rule("host", "method: password, allow_cleartext: 'true'",
           "allow_cleartext: found the text 'true', expected true or false"),
      rule("host", "method: password, allow_cleartext: yes", "allow_cleartext: found 'yes', expected true or false"),
  });
}

TEST(load_rules, maps) {
  const auto map = [](const std::string& yaml, const std::string& mistake) {
    return row{"auth: {maps: [{" + yaml + "}]}", mistake.empty() ? "" : "auth.maps[0]." + mistake};
  };
  const std::string one = ", expected one user, who may contain \\1; all, + and / are not known here";
  const std::string group = ", expected no \\1, or a regular expression with parentheses in external";
  const row rows[] = {
      map("name: m, external: +x, user: a", ""),
      map("name: m, external: '/(', user: a",
          "external: found the text '/(', expected a regular expression as RE2 takes them: missing ): ("),
      map("name: m, external: '/^(.*)$', user: 'x_\\1'", ""),
      map("name: m, external: '/^.*$', user: 'x_\\1'", "user: found 'x_\\1'" + group),
      map("name: m, external: a, user: 'x_\\1'", "user: found 'x_\\1'" + group),
      map("name: m, external: a, user: all", "user: found 'all'" + one),
      map("name: m, external: a, user: +b", "user: found '+b'" + one),
      map("name: m, external: a, user: /b", "user: found '/b'" + one),
      map("external: a, user: b", "name: found nothing, expected text of 1 to 63 bytes"),
      map("name: m, user: b", "external: found nothing, expected a name or /regex of 1 to 255 bytes"),
      map("name: m, external: a", "user: found nothing" + one),
  };
  for (const auto& [yaml, mistakes] : rows) EXPECT_EQ(mistakes_of(with_cluster(yaml)), mistakes) << yaml;
}

TEST(load_rules, beside_the_method_for_all_and_the_users) {
  const std::string rule = "rules: [{type: host, databases: [all], users: [all], address: all, method: ";
  const row rows[] = {
      {"auth: {" + rule + "trust}], users: [{name: a, password: p}]}", ""},
      {"auth: {method: scram-sha-256, " + rule + "trust}]}", ""},
      {"auth: {method: trust, " + rule + "scram-sha-256}]}",
       "auth.users: found nothing, expected at least one user, or auth.query, as auth.rules[0].method is "
       "scram-sha-256"},
      {"auth: {query: {user: a}, " + rule + "scram-sha-256}]}", ""},
      {"auth: {rules: []}", ""},
      {"auth: {rules: [], method: scram-sha-256}",
       "auth.users: found nothing, expected at least one user, or auth.query, with method scram-sha-256"},
  };
  for (const auto& [yaml, mistakes] : rows) EXPECT_EQ(mistakes_of(with_cluster(yaml)), mistakes) << yaml;
}

TEST(load_rules, a_mistake_has_its_place) {
  const auto result = load_text(
      with_cluster("auth:\n  rules:\n    - {type: local, databases: [all], users: [all], method: trust}\n"
                   "    - {type: host, databases: [all], users: [all], address: 10.0.0.0/40, method: trust}"));
  ASSERT_EQ(result.mistakes.size(), 1U);
  EXPECT_TRUE(to_string(result.mistakes[0], "f").starts_with("f:4:61: auth.rules[1].address: found '10.0.0.0/40'"))
      << to_string(result.mistakes[0], "f");
}

}  // namespace
}  // namespace highwater::config
