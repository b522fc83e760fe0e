// Users whose secrets stand in the database alone: how they come in, what the servers are shown, and when they leave.

#include "tests/integration/wire_test.hpp"
#include "tests/support/documented_sql.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class lookup : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1, .roles = {{"highwater_auth", "its password"}, {"ann", "of ann"}, {"ben", "of ben"}}},
          [](highwater_config& config) {
            config.set("auth",
                       "{method: scram-sha-256, query: {user: highwater_auth, password: its password, cache: 100ms}}");
          });
    auto primary = served->cluster().primary().connect();
    primary.must(documented_lookup_function());
    primary.must("create table t (n int); insert into t values (1); grant select, insert on t to public");
    served->cluster().await_replay();
    if (!testing_direct()) served->proxy().await_ready();
  }
  void SetUp() override { PROXY_ONLY(); }

  static pg::connection primary() { return served->cluster().primary().connect(); }
  static std::string conninfo(const std::string& user, const std::string& password) {
    return served->conninfo("postgres", user) + " password='" + password + "'";
  }
  static std::string enter(const std::string& user, const std::string& password) {
    try {
      return pg::connection(conninfo(user, password)).scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }
};

TEST_F(lookup, lets_users_in_whom_the_configuration_does_not_know) {
  EXPECT_EQ(enter("ann", "of ann"), "ann");
  EXPECT_EQ(enter("ben", "of ben"), "ben");
  EXPECT_THAT(enter("ann", "of ben"), HasSubstr("password authentication failed for user \"ann\""));
  EXPECT_THAT(enter("nobody", "of ann"), HasSubstr("password authentication failed for user \"nobody\""));
  EXPECT_THAT(enter("postgres", ""), HasSubstr("fe_sendauth: no password supplied"));
}

// What the client has shown is all that the servers are shown, replicas too.
TEST_F(lookup, logs_them_in_to_the_servers) {
  pg::connection session(conninfo("ann", "of ann"));
  session.must("insert into t values (2)");
  EXPECT_EQ(session.scalar("select count(*) > 1 from t"), "t");
  session.must("set highwater.level = eventual");
  EXPECT_EQ(session.scalar("select pg_is_in_recovery() from t limit 1"), "t");
}

TEST_F(lookup, knows_a_new_user_and_a_new_password) {
  primary().must("create role late login password 'first'");
  await("the new user comes in", [] { return enter("late", "first") == "late"; });
  primary().must("alter role late password 'second'");
  await("the new password is known", [] { return enter("late", "second") == "late"; });
  EXPECT_THAT(enter("late", "first"), HasSubstr("password authentication failed"));
}

// A user is out when the database says so, wherever its sessions are.
TEST_F(lookup, ends_the_sessions_of_who_may_not_log_in_any_more) {
  struct row {
    const char* why;
    std::string sql;
  };
  const row rows[] = {
      {"may not", "alter role guest nologin"},
      {"expired", "alter role guest valid until 'yesterday'"},
      {"has no password", "alter role guest password null"},
      {"does not exist", "drop role guest"},
  };
  for (const auto& each : rows) {
    primary().must("drop role if exists guest; create role guest login password 'of the guest'");
    await("the guest comes in", [] { return enter("guest", "of the guest") == "guest"; });
    pg::connection idle(conninfo("guest", "of the guest"));
    pg::connection in_transaction(conninfo("guest", "of the guest"));
    pg::connection other(conninfo("ann", "of ann"));
    in_transaction.must("begin; select n from t");
    // Behind the back of the proxy.
    if (each.sql.starts_with("drop"))
      primary().must("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guest'");
    primary().must(each.sql);
    for (auto* one : {&idle, &in_transaction}) {
      await(std::string("the session ends: ") + each.why,
            [&] { return !one->exec("select 1").ok() && PQstatus(one->raw()) == CONNECTION_BAD; });
    }
    EXPECT_EQ(other.scalar("select 1"), "1") << each.why;
    EXPECT_THAT(enter("guest", "of the guest"), HasSubstr("password authentication failed")) << each.why;
  }
  EXPECT_THAT(served->proxy().log(), HasSubstr("user \"guest\" may not log in any more: its sessions end"));
}

TEST_F(lookup, ends_no_session_for_a_new_password) {
  primary().must("create role steady login password 'first'");
  await("it comes in", [] { return enter("steady", "first") == "steady"; });
  pg::connection session(conninfo("steady", "first"));
  primary().must("alter role steady password 'second'");
  await("the new password is known", [] { return enter("steady", "second") == "steady"; });
  EXPECT_EQ(session.scalar("select 1"), "1");
}

TEST_F(lookup, says_that_nobody_can_be_asked) {
  primary().must(
      "alter role highwater_auth nologin; select pg_terminate_backend(pid) from pg_stat_activity "
      "where usename = 'highwater_auth'");
  await("what is known does not hold any more",
        [] { return enter("ann", "of ann").find("users cannot be looked up at the moment") != std::string::npos; });
  primary().must("alter role highwater_auth login");
  await("it can be asked again", [] { return enter("ann", "of ann") == "ann"; });
}

}  // namespace
}  // namespace highwater::testing_support
