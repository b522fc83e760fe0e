// Applications of the usual drivers and tools: what they do must work through the proxy as it does without. Each has a
// database of its own; the programs are in drivers/.

#include <gmock/gmock.h>

#include "tests/integration/program_test.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

class drivers : public program_test {
protected:
  static void run_application(const arguments& argv, const std::string& database) {
    create_database(database);
    expect_success(argv, database);
  }
};

TEST_F(drivers, psycopg2) {
  run_application({"/usr/bin/python3", "-B", program("psycopg2_app.py")}, "psycopg2");
}
TEST_F(drivers, psycopg3) {
  run_application({"/usr/bin/python3", "-B", program("psycopg3_app.py")}, "psycopg3");
}
TEST_F(drivers, asyncpg) {
  run_application({"/usr/bin/python3", "-B", program("asyncpg_app.py")}, "asyncpg");
}
TEST_F(drivers, node_postgres) {
  run_application({"node", program("node_app.js")}, "node");
}

TEST_F(drivers, pgjdbc) {
  run_application({"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dfile.encoding=UTF-8", "-cp",
                   "/usr/share/java/postgresql.jar", program("JdbcApp.java")},
                  "jdbc");
}

TEST_F(drivers, lib_pq) {
  GO_ONLY();
  run_application({go_drivers(), "lib_pq", "application"}, "lib_pq");
}
TEST_F(drivers, pgx) {
  GO_ONLY();
  run_application({go_drivers(), "pgx", "application"}, "pgx");
}

TEST_F(drivers, psql) {
  create_database("psql");
  const auto output = expect_success({server_program("psql"), "-X", "-f", program("psql_app.sql")}, "psql");
  EXPECT_TRUE(output.ends_with("done\n")) << output;
}

TEST_F(drivers, pg_dump_restores_elsewhere) {
  create_database("dumped");
  create_database("restored");
  served->cluster().primary().connect("dumped").must(
      "create table t (id int primary key, word text); insert into t select n, md5(n::text) from generate_series(1, "
      "1000) n; create view v as select count(*) from t; create sequence s start 7");
  served->cluster().await_replay();
  const std::string dump = expect_success({server_program("pg_dump")}, "dumped");
  ASSERT_NE(dump.find("CREATE VIEW public.v"), std::string::npos);

  const auto file = make_folder("dump") / "dump.sql";
  write_file(file, dump);
  expect_success({server_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file.string()}, "restored");
  auto restored = served->cluster().primary().connect("restored");
  EXPECT_EQ(restored.scalar("select count(*) from t where word = md5(id::text)"), "1000");
  EXPECT_EQ(restored.scalar("select nextval('s')"), "7");
}

}  // namespace
}  // namespace highwater::testing_support
