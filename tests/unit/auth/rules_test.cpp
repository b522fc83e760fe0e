#include "proxy/auth/rules.hpp"

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::auth {
namespace {

using config::auth_method;

constexpr const char* maps = R"(
  maps:
    - {name: certs, external: "/^(.*)@example\\.com$", user: "\\1"}
    - {name: certs, external: "/^(x)?admin$", user: "\\1"}
    - {name: certs, external: admin, user: postgres}
    - {name: ops, external: root, user: app}
    - {name: ops, external: "/^op[0-9]+$", user: app}
    - {name: ops, external: "/^(.+)$", user: "u_\\1_\\1"}
)";

rules rules_of(const std::string& yaml, const std::string& method = "trust") {
  const auto loaded = config::load_text(
      "auth:\n  method: " + method + "\n  users: [{name: app, password: p}]\n  rules:\n" + yaml + maps +
      "cluster: {nodes: [{host: a}]}\nlisten: {tls: {mode: prefer, certificate: /c, key: /k, client_ca: /a}}\n");
  for (const auto& each : loaded.mistakes) ADD_FAILURE() << to_string(each, yaml);
  return rules(loaded.config.auth);
}

door from_address(const std::string& address, std::string_view database = "db", std::string_view user = "app") {
  return {.address = config::parse_ip(address), .tls = false, .database = database, .user = user};
}

door local(std::string_view database = "db", std::string_view user = "app") {
  return {.address = std::nullopt, .tls = false, .database = database, .user = user};
}

// Which rule: -1 for none.
int chosen(const rules& from, const door& by) {
  const rule* found = from.first_match(by);
  return found == nullptr ? -1 : std::stoi(found->place.substr(std::string_view("auth.rules[").size()));
}

TEST(rules, a_type_takes_its_connections) {
  struct row {
    const char* type;
    bool by_socket;
    bool plain;
    bool tls;
  };
  for (const auto& [type, by_socket, plain, tls] :
       {row{"local", true, false, false}, row{"host", false, true, true}, row{"hostssl", false, false, true},
        row{"hostnossl", false, true, false}}) {
    const bool has_address = std::string_view(type) != "local";
    const auto all = rules_of(std::string("    - {type: ") + type + (has_address ? ", address: all" : "") +
                              ", databases: [all], users: [all], method: trust}");
    door by = from_address("10.0.0.1");
    EXPECT_EQ(all.first_match(by) != nullptr, plain) << type << " without TLS";
    by.tls = true;
    EXPECT_EQ(all.first_match(by) != nullptr, tls) << type << " with TLS";
    by.address.reset();
    EXPECT_EQ(all.first_match(by) != nullptr, by_socket) << type << " by a socket, whatever is said of TLS";
    by.tls = false;
    EXPECT_EQ(all.first_match(by) != nullptr, by_socket) << type << " by a socket";
  }
}

TEST(rules, the_first_that_matches_applies) {
  const auto some = rules_of(R"(
    - {type: host, address: 10.0.0.0/8, databases: [all], users: [evil], method: reject}
    - {type: hostssl, address: 10.0.0.0/8, databases: [all], users: [all], method: scram-sha-256}
    - {type: host, address: 10.0.0.7, databases: [db, other], users: [app, web], method: md5}
    - {type: host, address: "2001:db8::/33", databases: [all], users: [all], method: trust}
    - {type: local, databases: [all], users: [app], method: peer}
    - {type: host, address: 0.0.0.0/0, databases: [all], users: [evil], method: trust}
)");
  struct row {
    door by;
    bool tls;
    int expected;
    const char* why;
  };
  const row rows[] = {
      {from_address("10.1.2.3", "db", "evil"), true, 0, "reject comes first"},
      {from_address("10.1.2.3", "db", "evil"), false, 0, "... without TLS too"},
      {from_address("11.1.2.3", "db", "evil"), false, 5, "... but not from elsewhere"},
      {from_address("10.1.2.3"), true, 1, "TLS"},
      {from_address("10.1.2.3"), false, -1, "no TLS"},
      {from_address("10.0.0.7"), false, 2, "no TLS, from one address"},
      {from_address("10.0.0.7"), true, 1, "an earlier rule is not for the more special one to change"},
      {from_address("::ffff:10.0.0.7"), false, 2, "an IPv4-mapped address is the IPv4 address"},
      {from_address("10.0.0.7", "other", "web"), false, 2, "any of the databases with any of the users"},
      {from_address("10.0.0.7", "third", "web"), false, -1, "another database"},
      {from_address("10.0.0.7", "other", "third"), false, -1, "another user"},
      {from_address("10.0.0.7", "other", "WEB"), false, -1, "names are taken exactly"},
      {from_address("10.0.0.7", "other", "web "), false, -1, "... with their blanks"},
      {from_address("2001:db8:7fff::1"), false, 3, "IPv6"},
      {from_address("2001:db8:8000::1"), false, -1, "IPv6 beyond the prefix"},
      {local(), false, 4, "a socket"},
      {local("db", "web"), false, -1, "a socket, and another user"},
  };
  for (auto [by, tls, expected, why] : rows) {
    by.tls = tls;
    EXPECT_EQ(chosen(some, by), expected) << why;
  }
}

TEST(rules, databases) {
  struct row {
    const char* databases;
    std::string_view database;
    std::string_view user;
    bool replication;
    bool expected;
    const char* why;
  };
  const row rows[] = {
      {"all", "db", "app", false, true, "all"},
      {"all", "db", "app", true, false, "all, but not replication"},
      {"replication", "db", "app", true, true, "replication"},
      {"replication", "db", "app", false, false, "... and nothing else"},
      {"replication", "replication", "app", false, false, "... not even a database of that name"},
      {"'/^replication$'", "replication", "app", false, true, "which a regular expression matches"},
      {"'/^replication$'", "replication", "app", true, false, "... but no replication"},
      {"'/'", "db", "app", true, false, "no regular expression matches replication"},
      {"db", "db", "app", true, false, "no name matches replication"},
      {"sameuser", "app", "app", true, false, "nor does sameuser"},
      {"db, replication", "", "app", true, true, "one of them does"},
      {"sameuser", "app", "app", false, true, "sameuser"},
      {"sameuser", "db", "app", false, false, "another one's database"},
      {"sameuser", "sameuser", "app", false, false, "it is no name"},
      {"db", "db", "app", false, true, "a name"},
      {"db", "db2", "app", false, false, "a longer one"},
      {"db", "d", "app", false, false, "a shorter one"},
      {"'/^db[0-9]+$'", "db12", "app", false, true, "a regular expression"},
      {"'/^db[0-9]+$'", "db", "app", false, false, "... that does not match"},
      {"'/b'", "abc", "app", false, true, "... not anchored"},
      {"'/^all$'", "all", "app", false, true, "a database called all"},
      {"'/^all$'", "db", "app", false, false, "... and no other"},
  };
  for (const auto& [databases, database, user, replication, expected, why] : rows) {
    const auto one = rules_of(
        std::string("    - {type: host, address: all, users: [all], method: trust, databases: [") + databases + "]}");
    auto by = from_address("10.0.0.1", database, user);
    by.replication = replication;
    EXPECT_EQ(one.first_match(by) != nullptr, expected) << databases << ": " << why;
  }
}

TEST(rules, users) {
  struct row {
    const char* users;
    std::string_view user;
    bool expected;
    const char* why;
  };
  const row rows[] = {
      {"all", "app", true, "all"},
      {"app", "app", true, "a name"},
      {"app", "apps", false, "a longer one"},
      {"app, web", "web", true, "one of them"},
      {"sameuser", "db", false, "no word for users"},
      {"replication", "replication", true, "nor is this"},
      {"'/^web_'", "web_1", true, "a regular expression"},
      {"'/^web_'", "my_web_1", false, "... that is anchored"},
      {"'/^web_'", "WEB_1", false, "... and takes letters as they are"},
  };
  for (const auto& [users, user, expected, why] : rows) {
    const auto one = rules_of(
        std::string("    - {type: host, address: all, databases: [all], method: trust, users: [") + users + "]}");
    auto by = from_address("10.0.0.1", "db", user);
    EXPECT_EQ(one.first_match(by) != nullptr, expected) << users << ": " << why;
    by.database = "replication";
    by.replication = true;
    EXPECT_EQ(one.first_match(by), nullptr) << "a user's rule does not make all mean replication";
  }
}

TEST(rules, without_any_the_method_is_for_everybody) {
  for (const auto& [method, expected] :
       {std::pair{"trust", auth_method::trust}, {"scram-sha-256", auth_method::scram_sha_256}}) {
    const auto none = rules_of("    []\n", method);
    for (door by : {from_address("10.0.0.1"), from_address("::1"), local()}) {
      for (const bool replication : {false, true}) {
        by.replication = replication;
        const auto* found = none.first_match(by);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->method, expected);
        EXPECT_EQ(found->place, "auth.method");
      }
    }
  }
}

TEST(rules, the_method_is_not_for_whom_no_rule_matches) {
  const auto one = rules_of("    - {type: local, databases: [all], users: [all], method: trust}");
  EXPECT_EQ(one.first_match(from_address("127.0.0.1")), nullptr);
}

TEST(rules, a_rule_has_what_was_written) {
  const auto one = rules_of(
      "    - {type: hostssl, address: all, databases: [all], users: [all], method: cert, map: certs}\n"
      "    - {type: hostnossl, address: all, databases: [all], users: [all], method: password, allow_cleartext: true}");
  auto by = from_address("10.0.0.1");
  EXPECT_TRUE(one.first_match(by)->allow_cleartext);
  by.tls = true;
  EXPECT_EQ(one.first_match(by)->method, auth_method::cert);
  EXPECT_EQ(one.first_match(by)->map, "certs");
}

TEST(rules, maps) {
  struct row {
    const char* map;
    std::string_view external;
    std::string_view wanted;
    bool expected;
    const char* why;
  };
  const row rows[] = {
      {"", "app", "app", true, "without a map names are equal"},
      {"", "app", "App", false, "... exactly"},
      {"", "", "", false, "no name is nobody"},
      {"certs", "ann@example.com", "ann", true, "the part of a name"},
      {"certs", "ann@example.com", "bob", false, "of another name"},
      {"certs", "ann@example.com", "ann@example.com", false, "the name as a whole is not mapped"},
      {"certs", "ann@exampleXcom", "ann", false, "the point is one"},
      {"certs", "ann@example.com.evil.org", "ann", false, "what stands behind it"},
      {"certs", "@example.com", "", false, "an empty part is nobody's name"},
      {"certs", "ann", "ann", false, "with a map, equal names are not enough"},
      {"certs", "admin", "postgres", true, "an entry whose \\1 took no part is for nobody; another may be"},
      {"certs", "admin", "\\1", false, "... nor is it for who is called that"},
      {"certs", "xadmin", "x", true, "... and for somebody if it did"},
      {"certs", "root", "app", false, "another map"},
      {"ops", "root", "app", true, "a plain name"},
      {"ops", "op12", "app", true, "many names for one user"},
      {"ops", "op12", "u_op12_\\1", true, "a later entry; only the first \\1 is replaced, as in PostgreSQL"},
      {"ops", "op12", "u_op12_op12", false, "... and no other"},
      {"nobody", "app", "app", false, "a map that is not there"},
  };
  const auto some = rules_of("    - {type: local, databases: [all], users: [all], method: peer, map: ops}");
  for (const auto& [map, external, wanted, expected, why] : rows) {
    EXPECT_EQ(some.mapped(map, external, wanted), expected) << map << ", " << external << ": " << why;
  }
}

TEST(refusal, is_told_in_the_words_of_postgresql) {
  const auto some = rules_of("    - {type: host, address: all, databases: [all], users: [all], method: reject}");
  const rule* rejects = some.first_match(from_address("10.0.0.1"));
  ASSERT_TRUE(rejects);
  struct row {
    const rule* matched;
    door by;
    bool tls;
    bool replication;
    const char* expected;
  };
  const row rows[] = {
      {nullptr, from_address("1.2.3.4", "y", "x"), false, false,
       "no rule in auth.rules for host \"1.2.3.4\", user \"x\", database \"y\", no encryption"},
      {nullptr, from_address("2001:db8::1", "y", "x"), true, false,
       "no rule in auth.rules for host \"2001:db8::1\", user \"x\", database \"y\", SSL encryption"},
      {nullptr, local("y", "x"), false, false,
       "no rule in auth.rules for host \"[local]\", user \"x\", database \"y\", no encryption"},
      {nullptr, from_address("::ffff:1.2.3.4", "y", "x"), false, true,
       "no rule in auth.rules for replication connection from host \"1.2.3.4\", user \"x\", no encryption"},
      {rejects, from_address("1.2.3.4", "y", "x"), false, false,
       "auth.rules rejects connection for host \"1.2.3.4\", user \"x\", database \"y\", no encryption"},
      {rejects, from_address("1.2.3.4", "y", "x"), true, true,
       "auth.rules rejects replication connection for host \"1.2.3.4\", user \"x\", SSL encryption"},
  };
  for (auto [matched, by, tls, replication, expected] : rows) {
    by.tls = tls;
    by.replication = replication;
    const auto made = refusal(matched, by);
    EXPECT_EQ(made.sqlstate, "28000");
    EXPECT_EQ(made.message, expected);
    EXPECT_FALSE(made.hint.empty());
  }
}

TEST(rules, names_count_as_far_as_a_server_reads_them) {
  const std::string name(63, 'x');
  const auto some = rules_of("    - {type: host, address: all, method: reject, databases: [all], users: [" + name +
                             "]}\n    - {type: host, address: all, method: reject, databases: [" + name +
                             "], users: [all]}\n"
                             "    - {type: host, address: all, method: trust, databases: [all], users: ['/xy']}");
  EXPECT_EQ(chosen(some, from_address("::1", "db", name)), 0);
  EXPECT_EQ(chosen(some, from_address("::1", "db", name + "y")), 0) << "or it could pass by a reject";
  EXPECT_EQ(chosen(some, from_address("::1", name + "y", "app")), 1);
  EXPECT_EQ(chosen(some, from_address("::1", "db", name.substr(1) + "y")), 2);
  EXPECT_EQ(chosen(some, from_address("::1", "db", name.substr(1) + "zy")), -1);
}

// What a startup packet can hold at most; a matcher that backtracks or recurses does not come back from these.
TEST(rules, hostile_names_are_only_names) {
  const std::string long_name(10'000, 'a');
  const std::string expressions[] = {"/^(a+)+$", "/(a*)*b", "/^(a|aa)+!", "/(.*)(.*)(.*)(.*)[^a]", "/(a?){99}a{99}b"};
  for (const auto& each : expressions) {
    const auto one = rules_of("    - {type: host, address: all, method: trust, databases: ['" + each + "'], users: ['" +
                              each + "']}");
    const std::string other = long_name + "\xff\n\"'/+@\\1";
    one.first_match(from_address("10.0.0.1", long_name, other));
    one.first_match(from_address("10.0.0.1", other, long_name));
  }
  const auto plain = rules_of("    - {type: host, address: all, method: trust, databases: [sameuser], users: [all]}");
  for (const std::string& name : {std::string("all"), std::string("/a"), std::string("+a"), std::string("a\0b", 3)}) {
    EXPECT_TRUE(plain.first_match(from_address("10.0.0.1", name, name)));
    EXPECT_FALSE(plain.first_match(from_address("10.0.0.1", "a", name)));
  }
  EXPECT_FALSE(plain.mapped("ops", long_name, "app"));
  EXPECT_FALSE(plain.mapped("certs", long_name + "@example.co", long_name));
}

}  // namespace
}  // namespace highwater::auth
