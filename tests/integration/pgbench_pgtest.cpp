// pgbench in all of its protocol modes. Its tables keep sums equal for as long as no transaction is lost or torn.

#include "tests/integration/program_test.hpp"

namespace highwater::testing_support {
namespace {

class pgbench : public program_test {
protected:
  static void SetUpTestSuite() {
    program_test::SetUpTestSuite();
    create_database("bench");
    expect_success({server_program("pgbench"), "-i", "-q", "-s", "1"}, "bench");
    served->cluster().await_replay();
  }

  static void bench(const arguments& how) {
    arguments argv{server_program("pgbench"), "-n", "-c", "6", "-j", "2", "-t", "100"};
    argv.insert(argv.end(), how.begin(), how.end());
    const std::string output = expect_success(argv, "bench");
    EXPECT_NE(output.find("actually processed: 600/600"), std::string::npos) << output;
    EXPECT_NE(output.find("failed transactions: 0 "), std::string::npos) << output;
  }

  static std::string history_and_sums() {
    return served->cluster()
        .primary()
        .connect("bench")
        .exec(
            "select count(*) || ' ' || ((select sum(tbalance) from pgbench_tellers) = sum(delta) and "
            "(select sum(bbalance) from pgbench_branches) = sum(delta)) from pgbench_history")
        .text();
  }
};

TEST_F(pgbench, simple_protocol) {
  bench({"-M", "simple"});
}
TEST_F(pgbench, extended_protocol) {
  bench({"-M", "extended"});
}
TEST_F(pgbench, prepared_statements) {
  bench({"-M", "prepared"});
}
TEST_F(pgbench, reads_only) {
  bench({"-M", "prepared", "--select-only"});
}
TEST_F(pgbench, a_connection_per_transaction) {
  bench({"-M", "simple", "-C"});
}
TEST_F(pgbench, pipelines) {
  bench({"-M", "extended", "-f", program("pipeline.pgbench")});
}
TEST_F(pgbench, prepared_pipelines) {
  bench({"-M", "prepared", "-f", program("pipeline.pgbench")});
}

TEST_F(pgbench, loses_and_tears_no_transaction) {
  served->cluster().primary().connect("bench").must(
      "truncate pgbench_history; update pgbench_tellers set tbalance = 0; "
      "update pgbench_branches set bbalance = 0");
  bench({"-M", "prepared"});
  EXPECT_EQ(history_and_sums(), "600 true");
}

}  // namespace
}  // namespace highwater::testing_support
