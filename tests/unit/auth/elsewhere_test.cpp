#include "proxy/auth/elsewhere.hpp"

#include <gtest/gtest.h>

namespace highwater::auth {
namespace {

using namespace std::string_literals;
using config::ldap_options;
using config::ldap_scheme;
using config::ldap_scope;

const secret_text password("pencil");

ldap_question asked(const ldap_options& how, std::string_view user) {
  return ask_directory(how, user, password).question.value();
}

ldap_options direct(const std::string& prefix, const std::string& suffix) {
  ldap_options how;
  how.servers = {"a"};
  how.prefix = prefix;
  how.suffix = suffix;
  return how;
}

ldap_options searching(const std::string& attribute, const std::string& filter = "") {
  ldap_options how;
  how.servers = {"a"};
  how.basedn = "dc=net";
  how.searchattribute = attribute;
  how.searchfilter = filter;
  return how;
}

TEST(ldap_name, is_the_users_between_prefix_and_suffix) {
  struct row {
    const char* why;
    const char* prefix;
    const char* suffix;
    std::string user;
    std::string name;
  };
  const row rows[] = {
      {"plain", "uid=", ",ou=people,dc=net", "ann", "uid=ann,ou=people,dc=net"},
      {"another entry's name", "uid=", ",ou=people,dc=net", "ann,ou=admins", "uid=ann\\,ou\\=admins,ou=people,dc=net"},
      {"two values", "uid=", ",dc=net", "ann+cn=x", "uid=ann\\+cn\\=x,dc=net"},
      {"what RFC 4514 escapes", "uid=", "", "\"+,;<>\\=", R"(uid=\"\+\,\;\<\>\\\=)"},
      {"spaces outside and inside", "uid=", "", " a b ", "uid=\\ a b\\ "},
      {"one space", "uid=", "", " ", "uid=\\ "},
      {"a number sign in front", "uid=", "", "#a#", "uid=\\#a#"},
      {"UTF-8", "uid=", "", "jürgen", "uid=jürgen"},
      {"Active Directory's own names are none of RFC 4514", "", "@example.net", "ann+x", "ann+x@example.net"},
      {"... nor these", "EXAMPLE\\", "", "ann,x", "EXAMPLE\\ann,x"},
  };
  for (const auto& [why, prefix, suffix, user, name] : rows) {
    const auto question = asked(direct(prefix, suffix), user);
    EXPECT_EQ(question.name, name) << why;
    EXPECT_FALSE(question.search) << why;
  }
  EXPECT_EQ(escaped_in_dn("a\0b"s), "a\\00b");
}

TEST(ldap_filter, is_about_the_user) {
  struct row {
    const char* why;
    const char* attribute;
    const char* filter;
    std::string user;
    std::string made;
  };
  const row rows[] = {
      {"PostgreSQL's default", "", "", "ann", "(uid=ann)"},
      {"an attribute", "mail", "", "ann@example.net", "(mail=ann@example.net)"},
      {"a filter", "", "(|(uid=$username)(mail=$username))", "ann", "(|(uid=ann)(mail=ann))"},
      {"a name like the placeholder", "", "(uid=$username)", "$username", "(uid=$username)"},
      {"no ASCII", "", "", "jürgen", "(uid=j\\c3\\bcrgen)"},
      {"no UTF-8", "", "", "\xff", "(uid=\\ff)"},
      {"what a name means in a DN is nothing here", "", "", "a,b=c", "(uid=a,b=c)"},
  };
  for (const auto& [why, attribute, filter, user, made] : rows) {
    const auto question = asked(searching(attribute, filter), user);
    EXPECT_EQ(question.search.value().filter, made) << why;
    EXPECT_EQ(question.name, "") << why;
  }
  EXPECT_EQ(escaped_in_filter("*()\\\0"s), "\\2a\\28\\29\\5c\\00");
}

// As PostgreSQL, which does not escape them.
TEST(ldap_search, is_not_made_for_names_that_could_change_the_filter) {
  for (const auto* user : {"*", "an(", "an)n", "an\\n", "a/b", "ann)(uid=*"}) {
    for (const auto& how : {searching("uid"), searching("", "(uid=$username)")}) {
      const auto inquiry = ask_directory(how, user, password);
      EXPECT_FALSE(inquiry.question) << user;
      EXPECT_EQ(inquiry.reason, "invalid character in user name for LDAP authentication");
    }
    EXPECT_TRUE(ask_directory(direct("uid=", ""), user, password).question) << user << ": it is escaped there";
  }
}

TEST(ldap_search, goes_as_the_rule_says) {
  auto how = searching("uid");
  EXPECT_EQ(asked(how, "ann").search->scope, ldap_scope::sub);
  EXPECT_EQ(asked(how, "ann").search->bind_dn, "") << "anybody";
  how.scope = ldap_scope::one;
  how.binddn = "cn=reader";
  how.bindpasswd = "hidden";
  const auto search = asked(how, "ann").search.value();
  EXPECT_EQ(search.base, "dc=net");
  EXPECT_EQ(search.scope, ldap_scope::one);
  EXPECT_EQ(search.bind_dn, "cn=reader");
  EXPECT_EQ(search.password.view(), "hidden");
}

TEST(ldap_servers, are_asked_at_their_uris) {
  struct row {
    const char* server;
    std::optional<std::uint16_t> port;
    std::optional<ldap_scheme> scheme;
    const char* uri;
  };
  const row rows[] = {
      {"ldap.example.net", {}, {}, "ldap://ldap.example.net:389"},
      {"ldap.example.net", {}, ldap_scheme::ldaps, "ldaps://ldap.example.net:636"},
      {"10.0.0.1", 1389, ldap_scheme::ldap, "ldap://10.0.0.1:1389"},
      {"2001:db8::1", {}, {}, "ldap://[2001:db8::1]:389"},
  };
  for (const auto& [server, port, scheme, uri] : rows) {
    auto how = direct("uid=", "");
    how.servers = {server, "other"};
    how.port = port;
    how.scheme = scheme;
    const auto question = asked(how, "ann");
    EXPECT_EQ(question.uris.size(), 2U);
    EXPECT_EQ(question.uris.front(), uri);
    EXPECT_FALSE(question.start_tls);
    EXPECT_EQ(question.timeout, std::chrono::seconds(5));
    EXPECT_EQ(question.password.view(), "pencil");
  }
  auto how = direct("uid=", "");
  how.tls = true;
  how.ca = "/ca";
  how.timeout = std::chrono::seconds(1);
  EXPECT_TRUE(asked(how, "ann").start_tls);
  EXPECT_EQ(asked(how, "ann").ca, "/ca");
  EXPECT_EQ(asked(how, "ann").timeout, std::chrono::seconds(1));
}

TEST(pam_question, has_the_rules_service) {
  EXPECT_EQ(ask_pam("", "ann", "192.0.2.7", password).service, "highwater");
  const auto question = ask_pam("db", "ann", "192.0.2.7", password);
  EXPECT_EQ(question.service, "db");
  EXPECT_EQ(question.user, "ann");
  EXPECT_EQ(question.remote_host, "192.0.2.7");
  EXPECT_EQ(question.password.view(), "pencil");
}

TEST(verdict, becomes_what_postgresql_would_say) {
  using outcome = verdict::outcome;
  using config::auth_method;
  struct row {
    auth_method method;
    outcome what;
    const char* sqlstate;
    const char* message;
  };
  const row rows[] = {
      {auth_method::ldap, outcome::wrong, "28000", "LDAP authentication failed for user \"ann\""},
      {auth_method::pam, outcome::wrong, "28000", "PAM authentication failed for user \"ann\""},
      {auth_method::ldap, outcome::unavailable, "57P03", "the LDAP server cannot be asked at the moment"},
  };
  for (const auto& [method, what, sqlstate, message] : rows) {
    const auto made = report(refusal_of(method, what).value(), "ann");
    EXPECT_EQ(made.sqlstate, sqlstate);
    EXPECT_EQ(made.message, message);
  }
  EXPECT_FALSE(refusal_of(auth_method::ldap, outcome::right));
  EXPECT_FALSE(refusal_of(auth_method::pam, outcome::right));
}

}  // namespace
}  // namespace highwater::auth
