// What is said of a name by what it was before DDL must not decide where a statement runs behind it.

#include <gmock/gmock.h>

#include "tests/integration/routed_test.hpp"
#include "tests/support/raw_client.hpp"

namespace highwater::testing_support {
namespace {

class ddl : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    const std::vector<std::string> tables{
        "create table register (v int not null); insert into register values (0);"
        "create function tells() returns boolean language sql stable as 'select false';"
        "create view over_tells as select tells() as x"};
    lab = std::make_unique<laboratory>(cluster_options{}, tables, [](highwater_config& config) {
      config.set("consistency", "{level: session, on_stale: [{wait: 20s}, error]}").set("log", "{level: debug}");
    });
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }

  static constexpr const char* tells_node =
      "create or replace function tells() returns boolean language sql volatile as 'select pg_is_in_recovery()'";
  static constexpr const char* tells_nothing =
      "create or replace function tells() returns boolean language sql stable as 'select false'";

  // It is known to be a read, by every worker.
  static void await_read(const std::string& sql) {
    lab->cluster().await_replay();
    lab->await_catalogue(sql);
  }

  inline static std::unique_ptr<laboratory> lab;
};

// The catalogue is read anew within a fraction of a second, so many times.
TEST_F(ddl, own_view_is_what_it_has_become) {
  auto session = lab->connect();
  auto other = lab->connect();
  session.must("create or replace view v as select false as x");
  for (int again = 0; again < 6; ++again) {
    await_read("select x from v");
    session.must("create or replace view v as select pg_is_in_recovery() as x");
    EXPECT_EQ(session.scalar("select x from v"), "f");
    EXPECT_EQ(other.scalar("select x from v"), "f");
    EXPECT_EQ(other.exec_params("select x from v where $1 = 1", {"1"}).text(), "f");
    session.must("create or replace view v as select false as x");
  }
}

TEST_F(ddl, own_function_is_what_it_has_become) {
  auto session = lab->connect();
  auto other = lab->connect();
  session.prepare("ask", "select tells()");
  for (int again = 0; again < 6; ++again) {
    for (const std::string read : {"select tells()", "select x from over_tells"}) await_read(read);
    EXPECT_EQ(session.exec_prepared("ask", {}).text(), "f");
    if (again % 2 == 0) {
      session.must(tells_node);
    } else {
      for (const auto& sql : {std::string("begin"), std::string(tells_node), std::string("commit")}) session.must(sql);
    }
    EXPECT_EQ(session.scalar("select tells()"), "f");
    EXPECT_EQ(session.scalar("select x from over_tells"), "f");
    EXPECT_EQ(session.exec_prepared("ask", {}).text(), "f");
    EXPECT_EQ(other.scalar("select x from over_tells"), "f");
    session.must("begin read only");
    EXPECT_EQ(session.scalar("select tells()"), "f");
    session.must("commit");
    session.must(tells_nothing);
  }
}

TEST_F(ddl, of_one_name_leaves_the_others_alone) {
  auto session = lab->connect();
  await_read("select v from register");
  for (int again = 0; again < 10; ++again) {
    session.must("create or replace view unrelated as select " + std::to_string(again) + " as x");
    EXPECT_EQ(read(session, "select v from register").by.role, "replica") << route_of(session).text;
    session.must("create temp table if not exists passing (n int)");
    session.must("discard all");
  }
}

TEST_F(ddl, that_is_rolled_back_is_soon_forgotten) {
  auto session = lab->connect();
  await_read("select tells()");
  for (const auto& sql : {std::string("begin"), std::string(tells_node), std::string("rollback")}) session.must(sql);
  await("it is a read again", [&] { return read(session, "select tells()").by.role == "replica"; });
}

// A reading looks at thousands of objects, one after the other.
TEST_F(ddl, goes_on_beside_a_reading) {
  auto busy = lab->cluster().primary().connect();
  auto session = lab->connect();
  for (int round = 0; round < 5; ++round) {
    const auto name = "late_" + std::to_string(round);
    session.must("create table " + name + " as select 1 as v");
    await("a reading has come to its end", [&] {
      busy.must(
          "do $$ begin for i in 1..20 loop execute format('create view passing_%s as select 1 as x', i); "
          "end loop; end $$");
      busy.must("do $$ begin for i in 1..20 loop execute format('drop view passing_%s', i); end loop; end $$");
      return read(session, "select v from " + name).by.role == "replica";
    });
  }
  EXPECT_THAT(lab->proxy().log(), testing::Not(testing::HasSubstr("the catalogue of database postgres: node")));
}

// It would hold back what the primary's vacuum may clean up.
TEST_F(ddl, is_looked_at_on_a_replica) {
  std::vector<node*> replicas = lab->cluster().replicas();
  std::vector<node*> all = replicas;
  all.push_back(&lab->cluster().primary());
  for (node* each : all) {
    each->set("log_line_prefix", "%a|");
    each->set("log_statement", "all");
  }
  const auto readings = [](const node& where) {
    const std::string mark = "highwater catalog|LOG:  statement: SET search_path";
    const auto log = where.log();
    int count = 0;
    for (auto at = log.find(mark); at != std::string::npos; at = log.find(mark, at + 1)) ++count;
    return count;
  };
  auto session = lab->connect();
  for (int round = 0; round < 4; ++round) {
    const auto name = "looked_at_" + std::to_string(round);
    session.must("create table " + name + " as select 1 as v");
    await("it is known", [&] { return read(session, "select v from " + name).by.role == "replica"; });
  }
  int on_replicas = 0;
  for (node* each : replicas) on_replicas += readings(*each);
  EXPECT_GE(on_replicas, 2);
  EXPECT_GT(on_replicas, readings(lab->cluster().primary()));
  for (node* each : all) each->set("log_statement", "none");
}

}  // namespace
}  // namespace highwater::testing_support
