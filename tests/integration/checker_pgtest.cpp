// highwater-checker through the proxy at every strict level, while one replica is late and the other stops now and
// then: no promise is broken. And the same check, where nobody keeps a promise, finds that.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/integration/routed_test.hpp"

namespace highwater::testing_support {
namespace {

class checker : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    lab = std::make_unique<laboratory>(cluster_options{}, std::vector<std::string>{}, [](highwater_config& config) {
      config.set("consistency", "{level: session, on_stale: [{wait: 20ms}, primary]}");
    });
    lab->cluster().replica(1).set("recovery_min_apply_delay", "40ms");
  }
  static void TearDownTestSuite() { lab.reset(); }
  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }

  // Stops the first replica's replay for a while, again and again, until the run is over.
  class stuttering {
  public:
    stuttering() : thread_([this] { run(); }) {}
    ~stuttering() {
      over_ = true;
      thread_.join();
    }

  private:
    void run() {
      auto session = lab->cluster().replica(0).connect();
      for (bool paused = false; !over_; paused = !paused) {
        session.exec(paused ? "select pg_wal_replay_resume()" : "select pg_wal_replay_pause()");
        std::this_thread::sleep_for(milliseconds(150));
      }
      session.exec("select pg_wal_replay_resume()");
    }
    std::atomic<bool> over_{false};
    std::thread thread_;
  };

  static completed check(const std::vector<std::string>& how) {
    command checking{.argv = {std::string(HIGHWATER_BUILD_DIR) + "/highwater-checker", "--clients", "8",
                              "--write-percent", "30", "--side-writer", lab->cluster().primary().conninfo(),
                              "--header"}};
    checking.argv.insert(checking.argv.end(), how.begin(), how.end());
    const stuttering replica;
    return run(checking, milliseconds(120'000));
  }

  static void expect_kept(const std::string& level, const std::string& protocol) {
    const counted by_replicas(lab->proxy(), "highwater_reads_total", {{"role", "replica"}, {"level", level}});
    const auto done = check({"--target", lab->proxy().conninfo(), "--level", level, "--expect", level, "--protocol",
                             protocol, "--reads", "20000"});
    EXPECT_EQ(done.status.code, 0) << done.output;
    EXPECT_GT(by_replicas.more(), 0) << "a promise that only the primary keeps proves little";
  }

  inline static std::unique_ptr<laboratory> lab;
};

#define KEEPS(level)                                          \
  TEST_F(checker, level##_is_kept_in_the_simple_protocol) {   \
    expect_kept(#level, "simple");                            \
  }                                                           \
  TEST_F(checker, level##_is_kept_with_prepared_statements) { \
    expect_kept(#level, "prepared");                          \
  }
KEEPS(read_your_writes)
KEEPS(monotonic_reads)
KEEPS(session)
KEEPS(causal)
KEEPS(strong)
#undef KEEPS

TEST_F(checker, finds_that_turns_over_the_replicas_keep_nothing) {
  const auto done = check({"--read-target", lab->cluster().replica(0).conninfo(), "--read-target",
                           lab->cluster().replica(1).conninfo(), "--write-target", lab->cluster().primary().conninfo(),
                           "--expect", "session", "--reads", "20000"});
  EXPECT_EQ(done.status.code, 1) << done.output;
}

TEST_F(checker, finds_that_eventual_does_not_keep_session) {
  const auto done =
      check({"--target", lab->proxy().conninfo(), "--level", "eventual", "--expect", "session", "--reads", "20000"});
  EXPECT_EQ(done.status.code, 1) << done.output;
}

}  // namespace
}  // namespace highwater::testing_support
