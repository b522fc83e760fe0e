// A replica that is given a read's statements is one that may refuse, stand still or know less than the client has been
// told: rule 15 holds there as it does for the read itself. One connection to each node, which keeps one statement.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class preparing_on_replicas : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) {
      config.set("workers", "1");
      config.set("pool", "{size: 1, max_prepared_statements: 1}");
    });
    primary().tell("create table t (n int); insert into t values (1)");
    served->cluster().await_replay();
    await_read("select n from t");
  }
  void SetUp() override { PROXY_ONLY(); }

  static node& replica() { return served->cluster().replica(0); }
  static raw::client eventual() { return client({{"options", "-c highwater.level=eventual"}}); }
  // The replica's connection has another statement in its place.
  static void push_out() {
    auto other = eventual();
    ask(other, raw::parse("other", "select n + 77 from t") + raw::sync());
    EXPECT_EQ(value(ask(other, run_named("other") + raw::sync())), "78");
    EXPECT_THAT(scalar(other, "show highwater.last_route"), testing::HasSubstr("role=replica"));
  }
  static double retries(const std::string& cause) {
    return served->proxy().metric("highwater_retries_total", {{"cause", cause}});
  }
};

TEST_F(preparing_on_replicas, that_does_not_know_the_table_yet) {
  replica().pause_replay();
  primary().tell("create table fresh (n int); insert into fresh values (3)");
  await_read("select n from fresh");
  auto session = eventual();
  session.query("set highwater.level = primary");
  EXPECT_EQ(sqlstate(ask(session, raw::parse("f", "select n from fresh where n = 3") + raw::sync())), "");
  session.query("set highwater.level = eventual");
  for (int i = 0; i < 3; ++i) {
    const auto before = retries("behind_ddl");
    const auto answer = ask(session, run_named("f") + raw::sync());
    EXPECT_EQ(value(answer), "3") << describe_all(answer);
    EXPECT_EQ(retries("behind_ddl"), before + 1) << "it has not been there";
  }
  replica().resume_replay();
}

TEST_F(preparing_on_replicas, that_knows_other_rows) {
  primary().tell("create table wide (n int); insert into wide values (1)");
  served->cluster().await_replay();
  await_read("select * from wide");
  replica().pause_replay();
  primary().tell("alter table wide add column m int default 2");
  auto session = eventual();
  session.query("set highwater.level = primary");
  ask(session, raw::parse("w", "select * from wide") + raw::describe_statement("w") + raw::sync());
  session.query("set highwater.level = eventual");
  const auto before = retries("behind_ddl");
  const auto answer = ask(session, run_named("w") + raw::sync());
  EXPECT_EQ(raw::types(answer), "2DCZ") << describe_all(answer);
  EXPECT_EQ(raw::row(answer.at(1)).size(), 2U) << "as it has been described";
  EXPECT_EQ(retries("behind_ddl"), before + 1) << "it has not been there";
  replica().resume_replay();
}

TEST_F(preparing_on_replicas, that_stands_still) {
  auto session = eventual();
  ask(session, raw::parse("s", "select n + 1 from t") + raw::sync());
  push_out();
  replica().freeze();
  session.send(run_named("s") + raw::sync());
  const auto answer = session.read_until_ready();
  replica().thaw();
  EXPECT_EQ(value(answer), "2") << describe_all(answer);
}

}  // namespace
}  // namespace highwater::testing_support
