// Passwords that a directory judges: a real slapd, and servers that are none.

#include <chrono>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/directory_server.hpp"
#include "tests/support/faulty_server.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string unit(const std::string& name) {
  return "dn: ou=" + name + ",dc=example,dc=net\nobjectClass: organizationalUnit\nou: " + name + "\n\n";
}
// `rdn`: as it stands in a name; `uid`: what it means.
std::string person(const std::string& rdn, const std::string& uid, const std::string& place,
                   const std::string& password) {
  return "dn: uid=" + rdn + "," + place + "dc=example,dc=net\nobjectClass: inetOrgPerson\nuid: " + uid +
         "\ncn: x\nsn: x\nmail: " + uid + "@example.net\nuserPassword: " + password + "\n\n";
}

class ldap : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1, .roles = {{"ann", "pencil"}, {"ben", "another"}, {"twice", ""}, {"ghost", ""}}});
    served->cluster().primary().tell(
        "create role \"comma, man\" login password 'pencil'; create role \"eve,ou=secret\" login; "
        "create role \"a*n\" login; create table t (n int); grant select on t to public");
    served->cluster().await_replay();
    if (testing_direct()) return;
    folder = make_folder("ldap");
    const certificate_authority good("good");
    const certificate_authority other("other");
    ca = write_secret(folder, "ca.crt", good.certificate());
    other_ca = write_secret(folder, "other.crt", other.certificate());
    mute = std::make_unique<mute_server>();
    const std::string people = "ou=people,";
    directory = std::make_unique<directory_server>(
        unit("people") + unit("others") +
            "dn: ou=secret,ou=people,dc=example,dc=net\nobjectClass: organizationalUnit\n" + "ou: secret\n\n" +
            person("ann", "ann", people, "pencil") + person("ben", "ben", people, "bens") +
            person("carl", "carl", people, "pencil") + person("twice", "twice", people, "pencil") +
            person("twice", "twice", "ou=others,", "pencil") + person("comma\\, man", "comma, man", people, "pencil") +
            person("eve", "eve", "ou=secret,ou=people,", "pencil"),
        good.issue({}), "ldap://127.0.0.2:" + std::to_string(mute->port()));
  }
  static void TearDownTestSuite() {
    wire_test::TearDownTestSuite();
    directory.reset();
    mute.reset();
  }
  void SetUp() override { PROXY_ONLY(); }

  static std::string servers(const std::string& hosts = "127.0.0.1", int port = directory->port()) {
    return "servers: [" + hosts + "], port: " + std::to_string(port);
  }
  static std::string direct() { return ", prefix: 'uid=', suffix: ',ou=people,dc=example,dc=net'"; }
  static std::string searching(const std::string& password = "reads") {
    return ", basedn: 'dc=example,dc=net', binddn: 'cn=reader,dc=example,dc=net', bindpasswd: " + password;
  }
  // One rule for users of these names, with a directory.
  static std::string rule(const std::string& users, const std::string& how) {
    return "    - {type: host, databases: [all], users: [" + users +
           "], address: 127.0.0.1, method: ldap, allow_cleartext: true, ldap: {" + how + "}}\n";
  }
  static highwater_config with(const std::string& rules, const std::string& more = "") {
    highwater_config config(served->cluster());
    config.set("auth",
               "\n" + more + "  rules:\n" + rules +
                   "    - {type: host, databases: [all], users: [postgres], address: 127.0.0.1, method: trust}\n");
    return config;
  }
  static std::string enter(const highwater_process& proxy, const std::string& user, const std::string& password) {
    try {
      return pg::connection(proxy.conninfo("postgres", "'" + user + "'") + " password='" + password + "'")
          .scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }
  static std::string refused(const std::string& user) {
    return "FATAL:  LDAP authentication failed for user \"" + user + "\"";
  }

  static constexpr const char* nobody = "FATAL:  the LDAP server cannot be asked at the moment";
  inline static std::filesystem::path folder;
  inline static std::string ca;
  inline static std::string other_ca;
  inline static std::unique_ptr<mute_server> mute;
  inline static std::unique_ptr<directory_server> directory;
};

TEST_F(ldap, lets_in_by_the_name_between_prefix_and_suffix) {
  const highwater_process proxy(with(rule("all", servers() + direct())));
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
  EXPECT_EQ(enter(proxy, "comma, man", "pencil"), "comma, man") << "it is escaped";
  EXPECT_THAT(enter(proxy, "ann", "pen"), HasSubstr(refused("ann")));
  EXPECT_THAT(enter(proxy, "eve,ou=secret", "pencil"), HasSubstr(refused("eve,ou=secret"))) << "another's name";
  EXPECT_THAT(
      proxy.log(),
      AllOf(HasSubstr("could not log in as user \"ann\" to database \"postgres\": LDAP authentication failed for "
                      "user \"ann\" (28000): ldap://127.0.0.1:" +
                      std::to_string(directory->port()) +
                      ": LDAP login failed for \"uid=ann,ou=people,dc=example,dc=net\": Invalid credentials"),
            Not(HasSubstr("pen)")), Not(HasSubstr("pencil"))));
}

TEST_F(ldap, lets_in_who_is_found) {
  const highwater_process proxy(with(rule("all", servers() + searching())));
  struct row {
    const char* why;
    const char* user;
    const char* password;
    std::string what, log;
  };
  const row rows[] = {
      {"the one entry", "ann", "pencil", "ann", ""},
      {"a wrong password", "ann", "pen", refused("ann"), "Invalid credentials"},
      {"nobody there", "ghost", "pencil", refused("ghost"), "LDAP search for filter \"(uid=ghost)\" found nobody"},
      {"two", "twice", "pencil", refused("twice"), "LDAP search for filter \"(uid=twice)\" found more than one entry"},
      {"a pattern", "a*n", "pencil", refused("a*n"), "invalid character in user name for LDAP authentication"},
      {"known there, not on the server", "carl", "pencil", "role \"carl\" does not exist", ""},
  };
  for (const auto& [why, user, password, what, log] : rows) {
    EXPECT_THAT(enter(proxy, user, password), HasSubstr(what)) << why;
    EXPECT_THAT(proxy.log(), HasSubstr(log)) << why;
  }
}

TEST_F(ldap, searches_by_attribute_filter_and_scope) {
  const std::string others = ", scope: one, searchattribute: uid";
  const highwater_process proxy(
      with(rule("ann", servers() + searching() + others) +
           rule("ben", servers() + searching() + ", searchfilter: '(mail=$username@example.net)'") +
           rule("ghost", servers() + searching() + ", searchattribute: mail") +
           rule("twice", servers() + ", basedn: 'dc=example,dc=net'")));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr(refused("ann"))) << "not on that level";
  EXPECT_THAT(enter(proxy, "ghost", "pencil"), HasSubstr(refused("ghost")));
  EXPECT_THAT(enter(proxy, "twice", "pencil"), HasSubstr(nobody)) << "not everybody may search";
  EXPECT_THAT(proxy.log(), AllOf(HasSubstr("(uid=ann)"), HasSubstr("(mail=ghost)"), HasSubstr("No such object")));
  EXPECT_THAT(enter(proxy, "ben", "bens"), HasSubstr("password authentication failed for user \"ben\""))
      << "by the server, whose password is another";
  EXPECT_THAT(enter(proxy, "ben", "another"), HasSubstr(refused("ben")));
}

// A directory would let it in, as nobody.
TEST_F(ldap, takes_no_empty_password) {
  const highwater_process proxy(with(rule("all", servers() + direct())));
  raw::client made(proxy.port());
  made.send(raw::startup("ann", "postgres"));
  made.expect('R');
  made.send(raw::frame('p', std::string(1, '\0')));
  const auto answer = made.expect('E');
  EXPECT_EQ(raw::error_field(answer, 'C'), "28P01");
  EXPECT_EQ(raw::error_field(answer, 'M'), "empty password returned by client");
}

// The first failures are free.
TEST_F(ldap, makes_who_guesses_wait) {
  const highwater_process proxy(with(rule("all", servers() + direct())));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(enter(proxy, "ann", "guess"), HasSubstr(refused("ann")));
  EXPECT_GT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(100 + 200));
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
}

// What is shown to the directory is what the servers are shown, replicas too.
TEST_F(ldap, opens_the_servers_with_what_was_proven) {
  const highwater_process proxy(with(rule("all", servers() + direct())));
  pg::connection session(proxy.conninfo("postgres", "ann") + " password=pencil");
  session.must("set highwater.level = eventual");
  await("a replica is read from", [&] {
    session.must("select n from t");
    return session.scalar("show highwater.last_route").find("role=replica") != std::string::npos;
  });
}

TEST_F(ldap, speaks_tls_to_the_directory) {
  const auto secured = [](const std::string& how) { return servers() + ", tls: true, ca: " + how + direct(); };
  const auto wrapped = [](const std::string& how) {
    return servers("127.0.0.1", directory->tls_port()) + ", scheme: ldaps, ca: " + how + direct();
  };
  const auto in = [](const std::string& how) {
    return enter(highwater_process(with(rule("all", how))), "ann", "pencil");
  };
  EXPECT_EQ(in(secured(ca)), "ann");
  EXPECT_EQ(in(wrapped(ca)), "ann");
  EXPECT_THAT(in(secured(other_ca)), HasSubstr(nobody)) << "signed by another";
  EXPECT_THAT(in(wrapped(other_ca)), HasSubstr(nobody));
}

TEST_F(ldap, asks_the_next_server_where_one_does_not_answer) {
  const auto port = mute->port();
  const highwater_process proxy(
      with(rule("ann", servers("127.0.0.3, 127.0.0.1, 127.0.0.2", port) + direct() + ", timeout: 3s") +
           rule("ghost", servers("127.0.0.3", port) + direct()) + rule("twice", servers() + searching("wrong"))));
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
  for (const auto* user : {"ghost", "twice"}) EXPECT_THAT(enter(proxy, user, "pencil"), HasSubstr(nobody)) << user;
  EXPECT_THAT(proxy.log(), AllOf(HasSubstr("Can't contact LDAP server"),
                                 HasSubstr("could not perform initial LDAP bind for binddn \"cn=reader")));
}

TEST_F(ldap, is_waited_for_no_longer_than_the_rule_says) {
  // The beginning of an answer; and one that agrees to StartTLS, behind which nothing comes.
  const babbler halves("\x30\x0c\x02\x01\x01", false);
  const babbler agrees(std::string("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00", 14), false);
  const auto at = [](std::uint16_t port) { return servers("127.0.0.1", port) + direct() + ", timeout: 100ms"; };
  const highwater_process proxy(with(rule("mute", at(mute->port())) + rule("starts", at(mute->port()) + ", tls: true") +
                                     rule("wraps", at(mute->port()) + ", scheme: ldaps") +
                                     rule("halves", at(halves.port())) +
                                     rule("agrees", at(agrees.port()) + ", tls: true")));
  for (const auto* user : {"mute", "starts", "wraps", "halves", "agrees"}) {
    EXPECT_THAT(enter(proxy, user, "pencil"), HasSubstr(nobody)) << user;
    EXPECT_THAT(proxy.log(), HasSubstr("as user \"" + std::string(user) + "\"")) << user;
  }
  EXPECT_THAT(proxy.log(), HasSubstr("Timed out"));
}

// More than there are threads for; and the end does not wait for them either.
TEST_F(ldap, that_never_answers_keeps_nobody_else) {
  highwater_process proxy(
      with("    - {type: host, databases: [all], users: [ben], address: 127.0.0.1, method: password, allow_cleartext: "
           "true}\n" +
               rule("ann", servers("127.0.0.1", mute->port()) + direct() + ", timeout: 1h"),
           "  users: [{name: ben, password: another}]\n")
          .set("timeouts", "{login: 1h}"));
  proxy.await_ready();
  const auto before = mute->connections();
  std::vector<raw::client> waiting;
  for (int i = 0; i < 20; ++i) {
    auto& one = waiting.emplace_back(proxy.port());
    one.send(raw::startup("ann", "postgres"));
    one.expect('R');
    one.send(raw::frame('p', std::string("pencil\0", 7)));
  }
  await("as many are asked about as may be", [&] { return mute->connections() == before + 8; });
  for (int i = 0; i < 4; ++i) EXPECT_EQ(enter(proxy, "ben", "another"), "ben");
  EXPECT_EQ(proxy.connect().scalar("select 1"), "1");
  await("only they are left", [&] { return proxy.metric("highwater_clients") == 20; });
  while (waiting.size() > 10) waiting.pop_back();
  await("who has gone is not waited for", [&] { return proxy.metric("highwater_clients") == 10; });
  EXPECT_TRUE(waiting.front().silent_for(milliseconds(0)));
  proxy.stop();
}

TEST_F(ldap, refuses_whom_too_many_wait_before) {
  auto config = with(rule("ann", servers("127.0.0.1", mute->port()) + direct() + ", timeout: 1h"));
  config.set("timeouts", "{login: 1h}");
  highwater_process proxy(config.set("limits", "{max_logins: 2000}"));
  const auto before = mute->connections();
  std::vector<raw::client> waiting;
  const auto begin = [&] {
    auto& one = waiting.emplace_back(proxy.port());
    one.send(raw::startup("ann", "postgres"));
    one.expect('R');
    one.send(raw::frame('p', std::string("pencil\0", 7)));
  };
  for (int i = 0; i < 8; ++i) begin();
  await("as many are asked about as may be", [&] { return mute->connections() == before + 8; });
  for (int i = 0; i < 1003; ++i) begin();
  await("three are too many", [&] { return proxy.metric("highwater_clients") == 1008; });
  EXPECT_THAT(proxy.log(), HasSubstr("too many logins wait for LDAP or PAM (53300)"));
}

TEST_F(ldap, takes_no_longer_than_a_login_may) {
  highwater_process proxy(with(rule("ann", servers("127.0.0.1", mute->port()) + direct() + ", timeout: 1h"))
                              .set("timeouts", "{login: 300ms}"));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr("login took too long"));
}

TEST_F(ldap, follows_a_reload) {
  highwater_process proxy(with(rule("ann", servers() + searching("wrong"))));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr(nobody));
  proxy.reload(with(rule("ann", servers() + searching())));
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
  proxy.reload(with(rule("ben", servers() + searching())));
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr("no rule in auth.rules"));
}

TEST_F(ldap, is_asked_again_when_it_is_back) {
  const highwater_process proxy(with(rule("ann", servers() + searching())));
  directory->stop();
  EXPECT_THAT(enter(proxy, "ann", "pencil"), HasSubstr(nobody));
  directory->start();
  EXPECT_EQ(enter(proxy, "ann", "pencil"), "ann");
}

}  // namespace
}  // namespace highwater::testing_support
