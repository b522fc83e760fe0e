// pg_dump: from the primary, unless it asks for a level; then one transaction on one replica that is fresh enough.

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <sstream>
#include <thread>

#include "tests/integration/program_test.hpp"
#include "tests/integration/routed_test.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class dumps : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(
        cluster_options{.replicas = 1, .settings = {"log_statement = all"}},
        std::vector<std::string>{
            "create table left_half (n int); create table right_half (n int); insert into left_half select "
            "generate_series(1, 100); insert into right_half select generate_series(1, 100)",
            "create view v as select * from left_half; create domain positive as int check (value > 0); create type "
            "mood as enum ('fine'); create type point_of as (x int, y int); create sequence numbers start 7",
            "create function twice(int) returns int language sql as 'select $1 * 2'; create aggregate total (int) "
            "(sfunc = int4pl, stype = int); create operator === (leftarg = int, rightarg = int, function = int4eq)",
            "create table whole (n int) partition by range (n); create table part partition of whole for values from "
            "(1) to (10); grant select (n) on whole to pg_monitor",
            "select lo_from_bytea(4711, 'large')"},
        // Until a replica is fresh enough: it will be.
        [](highwater_config& config) { config.set("consistency", "{on_stale: [{wait: 60s}, primary]}"); });
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (testing_direct()) GTEST_SKIP() << "says something about the proxy";
  }

  void TearDown() override {
    if (lab) replica().resume_replay();  // whatever has failed
  }

  static node& primary() { return lab->cluster().primary(); }
  static node& replica() { return lab->cluster().replica(0); }

  // `level`: none if it asks for none.
  static completed dump(const std::string& level, const arguments& more = {}) {
    arguments argv{server_program("pg_dump")};
    argv.insert(argv.end(), more.begin(), more.end());
    return run({.argv = argv,
                .environment = {{"PGHOST", "127.0.0.1"},
                                {"PGPORT", std::to_string(lab->proxy().port())},
                                {"PGUSER", "postgres"},
                                {"PGDATABASE", "postgres"},
                                {"PGOPTIONS", level.empty() ? "" : "-c highwater.level=" + level}}},
               milliseconds(180'000));
  }
  // A dump, and which node has copied a table for it: "a" is the primary.
  struct made {
    std::string text, by;
  };
  static made dumped(const std::string& level, const arguments& more = {}) {
    const auto before = std::pair(copies(primary()), copies(replica()));
    auto done = dump(level, more);
    EXPECT_TRUE(done.status.success()) << done.output;
    const bool there = copies(primary()) != before.first;
    const bool here = copies(replica()) != before.second;
    return {std::move(done.output), std::string(there ? primary().name() : "") + (here ? replica().name() : "")};
  }

  static std::size_t copies(const node& of) {
    std::size_t found = 0;
    const auto log = of.log();
    for (auto at = log.find("COPY public.left_half"); at != std::string::npos;
         at = log.find("COPY public.left_half", at + 1))
      ++found;
    return found;
  }
  // How many rows of the table are in the dump.
  static int rows(const std::string& dump, const std::string& table) {
    std::istringstream lines(dump);
    int count = -1;
    for (std::string line; std::getline(lines, line);) {
      if (count >= 0 && line == "\\.") return count;
      if (count >= 0 || line.starts_with("COPY public." + table + " ")) ++count;
    }
    return count;
  }
  // But for what is drawn anew each time.
  static std::string without_key(const std::string& dump) {
    std::istringstream lines(dump);
    std::string rest;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")) rest += line + "\n";
    }
    return rest;
  }

  inline static std::unique_ptr<laboratory> lab;
};

TEST_F(dumps, are_the_primarys) {
  const auto direct = run_or_throw({.argv = {server_program("pg_dump"), "-h", "127.0.0.1", "-p",
                                             std::to_string(primary().port()), "-U", "postgres", "postgres"}});
  const auto got = dumped("");
  EXPECT_EQ(without_key(got.text), without_key(direct));
  EXPECT_EQ(got.by, "a");
}

TEST_F(dumps, are_made_on_a_replica_where_a_level_is_asked_for) {
  const auto expected = dumped("");
  lab->cluster().await_replay();
  for (const auto* level : {"eventual", "session", "causal", "strong"}) {
    const auto got = dumped(level);
    EXPECT_EQ(without_key(got.text), without_key(expected.text)) << level;
    EXPECT_EQ(got.by, "b") << level;
  }
  EXPECT_EQ(dumped("primary").by, "a");
}

TEST_F(dumps, are_as_fresh_as_their_level) {
  lab->cluster().await_replay();
  replica().pause_replay();
  primary().tell("insert into left_half values (101)");
  const auto late = dumped("eventual");
  EXPECT_EQ(rows(late.text, "left_half"), 100);
  EXPECT_EQ(late.by, "b");
  auto waiting = std::async(std::launch::async, [] { return dumped("strong"); });
  lab->await_waiting();
  replica().resume_replay();
  const auto fresh = waiting.get();
  EXPECT_EQ(rows(fresh.text, "left_half"), 101);
  EXPECT_EQ(fresh.by, "b");
  primary().tell("delete from left_half where n = 101");
}

// Whatever is written meanwhile.
TEST_F(dumps, show_one_moment) {
  std::atomic<bool> ends{false};
  std::thread writing([&] {
    auto writer = lab->connect();
    while (!ends) {
      writer.must("begin; insert into left_half values (0); insert into right_half values (0); commit");
    }
  });
  for (const auto* level : {"", "eventual", "strong"}) {
    const auto got = dumped(level);
    EXPECT_EQ(rows(got.text, "left_half"), rows(got.text, "right_half")) << level;
    EXPECT_GE(rows(got.text, "left_half"), 100) << level;
  }
  ends = true;
  writing.join();
  primary().tell("delete from left_half where n = 0; delete from right_half where n = 0");
}

// The processes share a snapshot, which holds on its own node.
TEST_F(dumps, of_several_processes_stay_on_the_primary) {
  lab->cluster().await_replay();
  for (const std::string level : {"", "eventual"}) {
    const auto folder = make_folder("dump") / "made";
    const auto got = dumped(level, {"-Fd", "-j", "3", "-f", folder.string()});
    EXPECT_EQ(got.by, "a") << level;
    const auto text = run_or_throw({.argv = {server_program("pg_restore"), "-f", "-", folder.string()}});
    EXPECT_EQ(rows(text, "left_half"), 100);
    EXPECT_EQ(rows(text, "right_half"), 100);
  }
}

// A replica has none of their rows; pg_dump takes it for a primary, and has to be told.
TEST_F(dumps, have_unlogged_tables_from_the_primary_only) {
  lab->connect().must("create unlogged table fleeting (n int); insert into fleeting values (1), (2)");
  lab->cluster().await_replay();
  EXPECT_EQ(rows(dumped("").text, "fleeting"), 2);
  const auto refused = dump("session");
  EXPECT_FALSE(refused.status.success());
  EXPECT_THAT(refused.output, HasSubstr("Dumping the contents of table \"fleeting\" failed"));
  const auto without = dumped("session", {"--no-unlogged-table-data"});
  EXPECT_EQ(without.by, "b");
  EXPECT_EQ(rows(without.text, "fleeting"), -1);
  lab->connect().must("drop table fleeting");
}

// 15.0 to 15.7, and 16.0 to 16.3, do without what 15.8 does first: a set_config() on which nobody could tell what it
// sets.
struct step {
  std::string sql;
  std::string answer = {};
};
const std::vector<step>& of_old() {
  static const std::vector<step> all{
      {"SELECT pg_catalog.set_config('search_path', '', false)"},
      {"SELECT pg_catalog.pg_is_in_recovery()", "f"},
      {"SET row_security = off"},
      {"BEGIN"},
      {"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"},
      {"SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = 'postgres'", "postgres"},
      {"LOCK TABLE public.left_half IN ACCESS SHARE MODE"},
      {"PREPARE getDomainConstraints(pg_catalog.oid) AS\nSELECT pg_catalog.pg_get_constraintdef(oid) FROM "
       "pg_catalog.pg_constraint WHERE contypid = $1"},
      {"EXECUTE getDomainConstraints('public.positive'::pg_catalog.regtype)", "CHECK ((VALUE > 0))"},
      {"SELECT last_value FROM public.numbers", "7"},
  };
  return all;
}

TEST_F(dumps, of_older_versions_come_through) {
  for (const std::string level : {"", "session"}) {
    auto session = lab->connect(level, "application_name=pg_dump");
    for (const auto& [sql, answer] : of_old()) {
      const auto got = session.exec(sql);
      EXPECT_EQ(got.sqlstate(), "") << sql;
      if (!answer.empty()) {
        EXPECT_EQ(got.text(), answer) << sql;
      }
    }
    EXPECT_EQ(route_of(session).role, level.empty() ? "primary" : "replica");
  }
}

// Whoever comes next on the connection, the same session perhaps, finds nothing of it.
TEST_F(dumps, leave_nothing_prepared_on_a_replica) {
  auto session = lab->connect("session");
  for (const auto* end : {"commit", "rollback", "commit"}) {
    session.must("begin read only");
    EXPECT_EQ(read(session, "select count(*) from left_half").by.role, "replica");
    session.must("prepare p (int) as select $1 + 1");
    EXPECT_EQ(session.scalar("execute p (1)"), "2");
    session.must(end);
    EXPECT_EQ(session.exec("execute p (1)").sqlstate(), "26000");
    session.must("insert into right_half values (0); delete from right_half where n = 0");
    EXPECT_EQ(route_of(session).reason, "write") << "nothing pins it";
  }
}

TEST_F(dumps, prepare_no_more_on_a_replica_than_it_can_run) {
  for (const auto* what :
       {"select pg_advisory_lock(1)", "select nextval('numbers')", "select 1 from left_half for update",
        "insert into left_half values (1)", "select 1 from nowhere"}) {
    auto session = lab->connect("session");
    session.must("begin read only");
    EXPECT_EQ(read(session, "select count(*) from left_half").by.role, "replica");
    EXPECT_EQ(session.exec(std::string("prepare p as ") + what).sqlstate(), "25006") << what;
  }
}

}  // namespace
}  // namespace highwater::testing_support
