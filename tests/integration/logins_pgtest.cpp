// Who logs in, and what it is told, is what the server says now: connections from before what a login rests on has
// changed are not lent again.

#include <gmock/gmock.h>
#include <set>

#include "tests/integration/routed_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class logins : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(cluster_options{}, std::vector<std::string>{"create table t (n int)"},
                                       [](highwater_config& config) { config.set("pool", "{size: 4}"); });
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
    through_proxy("create role bob login in role pg_read_all_data, pg_write_all_data");
    through_proxy("create database shop");
    lab->cluster().await_replay();
  }
  void TearDown() override {
    if (!lab) return;
    through_proxy("drop database if exists shop with (force)");
    for (const std::string role : {"bob", "rob"}) through_proxy("drop role if exists " + role);
  }

  static pg::connection login(const std::string& user = "bob", const std::string& database = "postgres") {
    return pg::connection(lab->proxy().conninfo(database, user));
  }
  static std::string refusal(const std::string& user = "bob", const std::string& database = "postgres") {
    try {
      login(user, database);
    } catch (const pg::error& error) {
      return error.what();
    }
    return "none";
  }
  // Both workers have connections of such sessions to each node, and have told somebody what one is told at login.
  static void use(const std::string& user = "bob", const std::string& database = "postgres") {
    std::vector<pg::connection> sessions;
    for (int i = 0; i < 4; ++i) {
      sessions.push_back(login(user, database));
      sessions.back().must("begin");
      sessions.back().must("select txid_current()");
    }
    for (auto& each : sessions) each.must("commit");
    for (auto& each : sessions) each.must("select count(*) from pg_class");
  }
  static void through_proxy(const std::string& ddl) { login("postgres").must(ddl); }
  static void directly(const std::string& ddl) { lab->cluster().primary().tell(ddl); }

  static std::string on_primary(pg::connection& session, const std::string& expression) {
    return session.scalar("/* highwater: level=primary */ select " + expression);
  }

  inline static std::unique_ptr<laboratory> lab;
};

TEST_F(logins, of_others_are_left_alone) {
  auto session = login("postgres");
  const auto backend = on_primary(session, "pg_backend_pid()");
  for (int i = 0; i < 10; ++i) {
    session.must("alter role bob set work_mem = '" + std::to_string(i + 1) + "MB'");
    session.must("create role passing");
    session.must("drop role passing");
    EXPECT_EQ(on_primary(session, "pg_backend_pid()"), backend);
  }
}

TEST_F(logins, of_a_role_of_another_name_are_its_own) {
  use();
  through_proxy("alter role bob rename to rob");
  EXPECT_THAT(refusal(), HasSubstr("role \"bob\" does not exist"));
  through_proxy("create role bob login");
  for (int i = 0; i < 4; ++i) {
    for (const std::string name : {"bob", "rob"}) {
      auto session = login(name);
      EXPECT_EQ(on_primary(session, "current_user"), name);
      EXPECT_EQ(on_primary(session, "session_user"), name);
    }
  }
}

TEST_F(logins, of_a_role_that_was_made_again_are_of_the_new_one) {
  use();
  through_proxy("drop role bob");
  EXPECT_THAT(refusal(), HasSubstr("role \"bob\" does not exist"));
  through_proxy("create role bob login");
  for (int i = 0; i < 4; ++i) {
    auto session = login();
    EXPECT_EQ(on_primary(session, "current_user"), "bob");
  }
}

TEST_F(logins, that_become_somebody_else_are_that_one) {
  const auto become_bob = [] {
    std::vector<pg::connection> sessions;
    for (int i = 0; i < 4; ++i) {
      sessions.emplace_back(lab->proxy().conninfo() + " options='-c role=bob'");
      EXPECT_EQ(on_primary(sessions.back(), "current_user"), "bob");
    }
  };
  become_bob();
  through_proxy("alter role bob rename to rob");
  through_proxy("create role bob login");
  become_bob();
}

TEST_F(logins, are_refused_as_the_server_refuses_them) {
  const struct {
    std::string forbid, allow, message;
  } rows[] = {
      {"alter role bob nologin", "alter role bob login", "role \"bob\" is not permitted to log in"},
      {"revoke connect on database shop from public", "grant connect on database shop to public",
       "permission denied for database \"shop\""},
      {"alter database shop allow_connections false", "alter database shop allow_connections true",
       "database \"shop\" is not currently accepting connections"},
      {"alter database shop rename to till", "alter database till rename to shop", "database \"shop\" does not exist"},
  };
  for (const auto& row : rows) {
    use("bob", "shop");
    through_proxy(row.forbid);
    for (int i = 0; i < 4; ++i) EXPECT_THAT(refusal("bob", "shop"), HasSubstr(row.message)) << row.forbid;
    through_proxy(row.allow);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(refusal("bob", "shop"), "none") << row.allow;
  }
}

TEST_F(logins, are_told_what_the_server_tells_now) {
  const std::string ddl[] = {"alter role bob set standard_conforming_strings = off",
                             "alter database shop set standard_conforming_strings = off",
                             "alter role bob in database shop set standard_conforming_strings = off",
                             "alter role all in database shop set standard_conforming_strings = off"};
  for (const auto& each : ddl) {
    use("bob", "shop");
    EXPECT_EQ(login("bob", "shop").setting("standard_conforming_strings"), "on");
    through_proxy(each);
    for (int i = 0; i < 4; ++i) {
      auto session = login("bob", "shop");
      EXPECT_EQ(session.setting("standard_conforming_strings"), "off") << each;
      EXPECT_EQ(session.scalar("select 'a\\'b'"), "a'b") << each;
    }
    through_proxy(std::string(each).replace(each.find(" set "), std::string::npos, " reset all"));
    EXPECT_EQ(login("bob", "shop").setting("standard_conforming_strings"), "on") << each;
  }
}

TEST_F(logins, begin_with_what_is_not_told_too) {
  use();
  through_proxy("alter role bob set work_mem = '7MB'");
  for (int i = 0; i < 4; ++i) {
    auto session = login();
    EXPECT_EQ(on_primary(session, "current_setting('work_mem')"), "7MB");
  }
}

TEST_F(logins, in_one_transaction_with_others_count_from_its_commit) {
  auto dba = login("postgres");
  use();
  dba.must("begin");
  dba.must("alter role bob set work_mem = '7MB'");
  auto before = login();
  EXPECT_EQ(on_primary(before, "current_setting('work_mem')"), "4MB");
  dba.must("commit");
  auto after = login();
  EXPECT_EQ(on_primary(after, "current_setting('work_mem')"), "7MB");
}

// A driver quotes by what it was told.
TEST_F(logins, that_stand_keep_what_they_were_told) {
  use();
  std::vector<pg::connection> standing;
  for (int i = 0; i < 4; ++i) standing.push_back(login());
  through_proxy("alter role bob set standard_conforming_strings = off");
  through_proxy("alter role bob set timezone = 'Asia/Tokyo'");
  for (auto& each : standing) {
    EXPECT_EQ(each.scalar("select 'a\\b'"), "a\\b");
    EXPECT_EQ(each.scalar("show timezone"), each.setting("TimeZone"));
    each.must("set timezone = 'UTC'");
    each.must("reset timezone");
    EXPECT_NE(each.scalar("show timezone"), "Asia/Tokyo");
    EXPECT_EQ(each.setting("standard_conforming_strings"), "on");
  }
  auto later = login();
  EXPECT_EQ(later.setting("TimeZone"), "Asia/Tokyo");
}

TEST_F(logins, are_told_what_holds_on_every_node) {
  for (node* each : lab->cluster().replicas()) each->set("timezone", "Asia/Tokyo");
  use();
  auto session = login();
  const auto told = session.setting("TimeZone");
  for (int i = 0; i < 8; ++i) {
    const auto found = read(session, "/* highwater: level=eventual */ show timezone");
    EXPECT_EQ(found.value, told) << found.by.text;
    EXPECT_EQ(found.by.role, "replica");
  }
  EXPECT_EQ(session.setting("TimeZone"), told);
  for (node* each : lab->cluster().replicas()) each->set("timezone", told);
}

TEST_F(logins, that_are_in_use_end_with_their_lease) {
  use();
  auto in_transaction = login(), pinned = login();
  in_transaction.must("begin");
  pinned.must("create temp table mine (n int)");
  const auto first = in_transaction.scalar("select pg_backend_pid()"),
             second = pinned.scalar("select pg_backend_pid()");
  through_proxy("alter role bob set work_mem = '7MB'");
  EXPECT_EQ(in_transaction.scalar("select pg_backend_pid()"), first);
  EXPECT_EQ(in_transaction.scalar("select current_setting('work_mem')"), "4MB");
  in_transaction.must("commit");
  EXPECT_NE(on_primary(in_transaction, "pg_backend_pid()"), first);
  pinned.must("insert into mine values (1)");
  EXPECT_EQ(pinned.scalar("select pg_backend_pid()"), second);
  pinned.must("discard all");
  EXPECT_NE(on_primary(pinned, "pg_backend_pid()"), second);
}

// What is in use does not come round for anybody else.
TEST_F(logins, are_refused_at_once_beside_one_that_is_in_use) {
  auto in_transaction = login();
  in_transaction.must("begin");
  in_transaction.must("select txid_current()");
  through_proxy("alter role bob nologin");
  EXPECT_THAT(refusal(), HasSubstr("is not permitted to log in"));
  in_transaction.must("commit");
  EXPECT_EQ(in_transaction.exec("insert into t values (1)").sqlstate(), "28000");
}

TEST_F(logins, to_replicas_follow_when_the_replicas_do) {
  const auto replicas = lab->cluster().replicas();
  use();
  for (node* each : replicas) each->pause_replay();
  through_proxy("alter role bob set work_mem = '7MB'");
  const std::string ask = "/* highwater: level=eventual */ select current_setting('work_mem')";
  for (int i = 0; i < 8; ++i) {
    auto early = login();
    const auto found = read(early, ask);
    EXPECT_EQ(found.value + found.by.role, "4MBreplica");
  }
  for (node* each : replicas) each->resume_replay();
  std::set<std::string> have_it;
  await("reads of each replica have it", [&] {
    auto session = login();
    const auto found = read(session, ask);
    if (found.by.role == "replica" && found.value == "7MB") have_it.insert(found.by.node);
    return have_it.size() == replicas.size();
  });
  for (int i = 0; i < 8; ++i) {
    auto another = login();
    EXPECT_EQ(another.scalar(ask), "7MB");
  }
}

TEST_F(logins, that_no_replica_knows_yet_are_served_by_the_primary) {
  const auto replicas = lab->cluster().replicas();
  for (node* each : replicas) each->pause_replay();
  through_proxy("create role rob login");
  through_proxy("create database till");
  for (int i = 0; i < 8; ++i) {
    auto session = i % 2 == 0 ? login("rob") : login("postgres", "till");
    const auto found = session.exec("/* highwater: level=eventual */ select 1");
    EXPECT_TRUE(found.ok()) << found.message();
  }
  for (node* each : replicas) each->resume_replay();
  through_proxy("drop database till with (force)");
}

TEST_F(logins, follow_what_is_changed_round_the_proxy) {
  use();
  directly("alter role bob rename to rob");
  directly("create role bob login");
  await("it is noticed", [&] {
    auto session = login();
    return on_primary(session, "current_user") == "bob";
  });
  use("bob", "shop");
  directly("alter role bob in database shop set standard_conforming_strings = off");
  await("it is noticed", [&] { return login("bob", "shop").setting("standard_conforming_strings") == "off"; });
  use("bob", "shop");
  directly("revoke connect on database shop from public");
  await("it is noticed", [&] { return refusal("bob", "shop") != "none"; });
  directly("grant connect on database shop to public");
  await("it is noticed", [&] { return refusal("bob", "shop") == "none"; });
  use();
  directly("alter role bob nologin");
  await("it is noticed", [&] { return refusal() != "none"; });
}

// Nobody but a superuser can see it, but that something has been changed.
TEST_F(logins, follow_a_password_that_is_changed_round_the_proxy) {
  use();
  auto session = login();
  const auto backend = on_primary(session, "pg_backend_pid()");
  directly("alter role bob password 'another'");
  await("it is noticed", [&] { return on_primary(session, "pg_backend_pid()") != backend; });
}

TEST_F(logins, follow_the_configuration) {
  use();
  auto& primary = lab->cluster().primary();
  primary.set("standard_conforming_strings", "off");
  await("it is noticed", [&] { return login().setting("standard_conforming_strings") == "off"; });
  auto session = login();
  EXPECT_EQ(session.scalar("select 'a\\'b'"), "a'b");
  primary.set("standard_conforming_strings", "on");
  await("it is noticed", [&] { return login().setting("standard_conforming_strings") == "on"; });
}

}  // namespace
}  // namespace highwater::testing_support
