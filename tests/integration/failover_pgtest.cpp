// Nodes that die, freeze, are promoted or come back: what clients notice, and that nothing is written to a primary that
// has been deposed.

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/integration/routed_test.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

const std::vector<std::string> tables{"create table register (v int not null); insert into register values (0)"};

class failover : public testing::Test {
protected:
  void SetUp() override {
    if (testing_direct()) GTEST_SKIP() << "needs the proxy";
    lab = std::make_unique<laboratory>(cluster_options{}, tables, [](highwater_config& config) { settle(config); });
  }

  static highwater_config& settle(highwater_config& config, const std::string& queue_timeout = "25s") {
    return config.set("consistency", "{level: session, on_stale: [{wait: 20s}, primary]}")
        .set("pool", "{queue_timeout: " + queue_timeout + "}");
  }

  postgres_cluster& cluster() { return lab->cluster(); }
  highwater_process& proxy() { return lab->proxy(); }

  static std::string set_to(int value) { return "update register set v = " + std::to_string(value); }
  static constexpr const char* get = "select v from register";

  // The second replica follows the first, which is the primary now.
  void promote_first_replica() {
    node& next = cluster().replica(0);
    node& other = cluster().replica(1);
    cluster().promote(next);
    cluster().follow(other, next);
  }

  // SQLSTATE of the refusal that a client gets who wants to log in.
  static std::string login_refusal(const highwater_process& at) {
    raw::client client(at.port());
    client.send(raw::startup("postgres", "postgres"));
    while (const auto message = client.read_message()) {
      if (message->type == 'E') return raw::error_field(*message, 'C');
    }
    return "none";
  }

  std::unique_ptr<laboratory> lab;
};

// Reads without end, from several sessions; every error is kept.
class reading_crowd {
public:
  explicit reading_crowd(laboratory& lab, const std::vector<std::string>& levels) : counts_(levels.size()) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
      threads_.emplace_back([this, i, session = lab.connect(levels[i])]() mutable { run(session, counts_[i]); });
    }
  }
  ~reading_crowd() { stop(); }

  void await_more(int reads) {
    std::vector<int> before;
    for (const auto& count : counts_) before.push_back(count);
    await("every session reads on", [&] {
      if (failed_) return true;
      for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] < before[i] + reads) return false;
      }
      return true;
    });
  }
  std::string stop() {
    over_ = true;
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return error_;
  }

private:
  void run(pg::connection& session, std::atomic<int>& count) {
    while (!over_) {
      const auto answer = session.exec("select v from register");
      if (!answer.ok() && !failed_.exchange(true)) error_ = answer.sqlstate() + " " + answer.message();
      if (!answer.ok()) return;
      ++count;
    }
  }
  std::vector<std::atomic<int>> counts_;
  std::atomic<bool> over_{false};
  std::atomic<bool> failed_{false};
  std::string error_;
  std::vector<std::thread> threads_;
};

TEST_F(failover, reads_go_on_when_a_replica_is_killed_and_it_is_taken_back) {
  node& victim = cluster().replica(0);
  reading_crowd crowd(*lab, {"eventual", "session", "causal", "strong"});
  crowd.await_more(20);
  victim.kill9();
  crowd.await_more(50);
  lab->await_up(victim, false);
  victim.start();
  lab->await_up(victim);
  crowd.await_more(20);
  EXPECT_EQ(crowd.stop(), "");
  auto session = lab->connect("eventual");
  await("it serves again", [&] { return read(session, get).by.node == victim.name(); });
}

TEST_F(failover, reads_under_way_on_a_frozen_replica_are_run_elsewhere) {
  node& frozen = cluster().replica(0);
  auto session = lab->session_on(frozen, get, "session");
  const counted retries(proxy(), "highwater_retries_total", {{"cause", "connection_lost"}});
  frozen.freeze();
  pending answer(session, get);
  EXPECT_EQ(answer.take().text(), "0");
  EXPECT_NE(route_of(session).node, frozen.name());
  EXPECT_GE(retries.more(), 1);
  frozen.thaw();
  lab->await_up(frozen);
}

// It says nothing, and its connections stand: nobody would ever hear of it.
TEST_F(failover, whoever_is_bound_to_a_hanging_primary_is_told_when_it_has_been_replaced) {
  node& old = cluster().primary();
  auto listener = lab->connect();
  listener.must("listen news");
  auto writer = lab->connect();
  writer.must("begin");
  writer.must(set_to(3));
  old.freeze();
  pending commit(writer, "commit");
  promote_first_replica();
  const auto lost = writer.next();  // libpq's own word on the closed connection comes behind it
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->sqlstate(), "08006") << lost->message();
  EXPECT_THAT(lost->diagnostic(PG_DIAG_MESSAGE_DETAIL), testing::HasSubstr("outcome is unknown"));
  await("the listener's connection ends", [&] { return PQconsumeInput(listener.raw()) == 0 || listener.broken(); });
  lab->await_primary(cluster().primary());
  auto next = lab->connect();
  next.must(set_to(4));
  EXPECT_EQ(next.scalar(get), "4");
  old.thaw();
}

// Its BEGIN was answered before the server had it. Outside of its transaction nothing of it may be run.
TEST_F(failover, session_whose_transaction_is_lost_with_its_begin_is_ended) {
  node& dying = cluster().primary();
  auto session = lab->connect();
  session.must(set_to(1));
  const counted writes(proxy(), "highwater_writes_total", {{"node", dying.name()}});
  dying.freeze();
  session.must("begin");
  pending update(session, set_to(2));
  await("the update is on its way", [&] { return writes.more() >= 1; });
  dying.kill9();
  const auto lost = session.next();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->sqlstate(), "08006") << lost->message();
  EXPECT_EQ(lost->diagnostic(PG_DIAG_SEVERITY_NONLOCALIZED), "FATAL");
}

TEST_F(failover, writes_wait_for_the_new_primary_and_follow_it) {
  node& old = cluster().primary();
  auto session = lab->connect("session");
  session.must(set_to(1));
  cluster().await_replay();
  lab->await_known_fresh(cluster().replica(0));
  lab->await_known_fresh(cluster().replica(1));
  old.kill9();
  lab->await_up(old, false);
  auto reader = lab->connect("session");
  EXPECT_EQ(reader.scalar(get), "1") << "replicas serve what needs no primary";

  pending write(session, set_to(2));
  promote_first_replica();
  const auto written = write.take();
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(cluster().primary().ask(get), "2");
  EXPECT_EQ(session.scalar(get), "2");
  lab->await_up(cluster().replica(1));

  // The old primary comes back and believes in itself.
  old.start();
  await("the proxy sees through it",
        [&] { return proxy().log().find("a newer timeline exists") != std::string::npos; });
  for (int value = 3; value < 9; ++value) {
    session.must(set_to(value));
    EXPECT_EQ(session.scalar(get), std::to_string(value));
  }
  EXPECT_EQ(old.ask(get), "1");
  EXPECT_EQ(cluster().primary().ask(get), "8");
}

TEST_F(failover, writes_without_a_primary_are_refused_in_time) {
  highwater_config config(cluster());
  const highwater_process impatient(settle(config, "2s"));
  impatient.await_ready();
  auto session = impatient.connect();
  session.must(set_to(1));
  cluster().await_replay();
  cluster().primary().kill9();
  await("writes are refused", [&] {
    const auto refused = session.exec(set_to(2));
    EXPECT_FALSE(refused.ok());
    return refused.sqlstate() == "57P03";
  });
  EXPECT_EQ(http_get(impatient.http_port(), "/readyz").status, 503);
  cluster().primary().start();
  impatient.await_ready();
  session.must(set_to(3));
  EXPECT_EQ(session.scalar(get), "3");
}

TEST_F(failover, replica_on_the_old_timeline_is_not_read) {
  node& next = cluster().replica(0);
  node& left_behind = cluster().replica(1);
  cluster().promote(next);
  lab->await_primary(next);
  lab->await_up(left_behind, false);
  auto session = lab->connect("eventual");
  session.must(set_to(1));
  for (int again = 0; again < 8; ++again) EXPECT_EQ(read(session, get).by.node, next.name());
  cluster().follow(left_behind, next);
  lab->await_up(left_behind);
  await("it is read again", [&] { return read(session, get).by.node == left_behind.name(); });
}

// The old primary was not killed: it still accepts what is sent to it.
TEST_F(failover, deposed_primary_gets_no_more_writes_from_a_pinned_session) {
  node& old = cluster().primary();
  auto session = lab->connect();
  session.must("create temporary table mine (v int)");
  session.must(set_to(1));
  promote_first_replica();
  lab->await_primary(cluster().primary());
  const auto refused = session.exec(set_to(2));
  EXPECT_FALSE(refused.ok()) << "its temporary table is gone, and the session must be told";
  EXPECT_EQ(old.ask(get), "1");
}

TEST_F(failover, deposed_primary_does_not_commit_a_transaction) {
  node& old = cluster().primary();
  auto session = lab->connect();
  session.must("begin");
  session.must(set_to(1));
  promote_first_replica();
  lab->await_primary(cluster().primary());
  EXPECT_FALSE(session.exec("commit").ok());
  EXPECT_EQ(old.ask(get), "0");
}

TEST_F(failover, deposed_primary_that_answers_first_is_not_taken_for_the_primary) {
  node& old = cluster().primary();
  promote_first_replica();
  node& next = cluster().primary();
  next.tell(set_to(1));
  cluster().await_replay(cluster().replica(1));
  next.freeze();
  cluster().replica(1).freeze();
  highwater_config config(cluster());
  std::string nodes = "\n  nodes:\n";
  for (const auto& each : cluster().nodes()) {
    nodes += "    - {name: " + each->name() + ", host: 127.0.0.1, port: " + std::to_string(each->port()) + "}\n";
  }
  config.set("cluster", nodes + "  monitor: {user: highwater, timeout: 20s}");
  const highwater_process fresh(config);
  await("the old primary has answered", [&] {
    return fresh.metric("highwater_position_samples_total", {{"node", old.name()}}) > 3;
  });
  EXPECT_EQ(http_get(fresh.http_port(), "/readyz").status, 503);
  next.thaw();
  cluster().replica(1).thaw();
  fresh.await_ready();
  auto session = fresh.connect();
  EXPECT_EQ(session.scalar("/* highwater: level=primary */ select v from register"), "1");
}

TEST_F(failover, two_primaries_on_one_timeline_are_not_written_to) {
  node& usurper = cluster().replica(0);
  usurper.stop();
  std::filesystem::remove(usurper.folder() / "standby.signal");
  usurper.start();
  ASSERT_FALSE(usurper.in_recovery());
  usurper.tell(set_to(666));

  // The proxy that knows the true one stays with it.
  lab->await_samples(usurper, 3);
  auto session = lab->connect();
  session.must(set_to(1));
  EXPECT_EQ(cluster().primary().ask(get), "1");
  EXPECT_EQ(session.scalar(get), "1");

  // One that knows nothing cannot tell which it is.
  highwater_config config(cluster());
  const highwater_process other(settle(config, "300ms"));
  await("both have answered", [&] {
    return other.metric("highwater_position_samples_total", {{"node", "a"}}) > 3 &&
           other.metric("highwater_position_samples_total", {{"node", usurper.name()}}) > 3;
  });
  EXPECT_EQ(http_get(other.http_port(), "/readyz").status, 503);
  EXPECT_EQ(usurper.ask(get), "666");
}

TEST_F(failover, starts_without_its_cluster_and_serves_when_it_comes) {
  for (const auto& each : cluster().nodes()) each->stop();
  highwater_config config(cluster());
  const highwater_process early(settle(config, "3s"));
  EXPECT_EQ(http_get(early.http_port(), "/healthz").status, 200);
  EXPECT_EQ(http_get(early.http_port(), "/readyz").status, 503);
  EXPECT_EQ(login_refusal(early), "57P03");
  for (const auto& each : cluster().nodes())
    EXPECT_THAT(early.log(), testing::HasSubstr("node " + each->name() + " (127.0.0.1:" + std::to_string(each->port()) +
                                                ") cannot be asked: "));
  for (const auto& each : cluster().nodes()) each->start();
  early.await_ready();
  auto session = early.connect();
  session.must(set_to(1));
  EXPECT_EQ(session.scalar(get), "1");
}

TEST_F(failover, transaction_under_way_may_finish_after_sigterm) {
  auto working = lab->connect();
  auto idle = lab->connect();
  working.must("begin");
  working.must(set_to(1));
  proxy().child().signal(SIGTERM);
  await("it is not ready any more", [&] { return http_get(proxy().http_port(), "/readyz").status == 503; });
  await("the idle session is told", [&] {
    PQconsumeInput(idle.raw());
    return idle.broken() || !idle.exec("select 1").ok();
  });
  EXPECT_THROW(lab->connect(), pg::error);
  working.must("update register set v = v + 1");
  EXPECT_EQ(working.scalar(get), "2");
  working.must("commit");
  EXPECT_FALSE(working.exec("select 1").ok());
  EXPECT_TRUE(proxy().stop().success());
  EXPECT_EQ(cluster().primary().ask(get), "2");
}

TEST_F(failover, sigterm_alone_ends_it_with_success) {
  raw::client idle(proxy().port());
  idle.log_in();
  EXPECT_TRUE(proxy().stop().success());
  EXPECT_EQ(raw::error_field(idle.expect('E'), 'C'), "57P01");
  EXPECT_TRUE(idle.closed_within());
}

// It has a place on the connection of somebody who was on the old primary.
TEST_F(failover, whoever_waits_for_a_place_on_a_primary_that_is_deposed_goes_to_the_new_one) {
  node& old = cluster().primary();
  highwater_config config(cluster());
  const highwater_process narrow(settle(config).set("pool", "{size: 1, queue_timeout: 25s}"));
  narrow.await_ready();
  auto holder = narrow.connect();
  auto waiter = narrow.connect();
  holder.must("begin");
  holder.must(set_to(1));
  pending write(waiter, set_to(2));
  await("it waits", [&] { return narrow.metric("highwater_pool_queue_length") == 1; });
  promote_first_replica();
  const auto written = write.take();
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(old.ask(get), "0");
  EXPECT_EQ(cluster().primary().ask(get), "2");
}

// A statement of its own is being prepared there, behind a lock; nothing has been run.
TEST_F(failover, write_that_is_prepared_on_a_primary_that_is_deposed_goes_to_the_new_one) {
  node& old = cluster().primary();
  highwater_config config(cluster());
  const highwater_process narrow(
      settle(config).set("pool", "{size: 1, max_prepared_statements: 1, queue_timeout: 25s}"));
  narrow.await_ready();
  raw::client session(narrow.port());
  session.log_in();
  session.send(raw::parse("s", set_to(2)) + raw::sync());
  session.read_until_ready();
  narrow.connect().must("discard all");
  auto lock = old.connect();
  lock.must("begin; lock table register in access exclusive mode");
  session.send(raw::bind("", "s") + raw::execute() + raw::sync());
  await("it waits for the lock",
        [&] { return old.ask("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1"; });
  promote_first_replica();
  EXPECT_EQ(raw::types(session.read_until_ready()), "2CZ");
  lock.must("rollback");
  EXPECT_EQ(old.ask(get), "0");
  EXPECT_EQ(cluster().primary().ask(get), "2");
}

// Its settings are on their way to a server that does not answer.
TEST_F(failover, reads_that_have_not_begun_on_a_frozen_replica_go_elsewhere) {
  node& frozen = cluster().replica(0);
  auto warm = lab->session_on(frozen, get, "session");
  frozen.freeze();
  std::vector<pg::connection> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(lab->connect("session", "application_name=other" + std::to_string(i)));
  }
  for (auto& each : sessions) EXPECT_EQ(each.scalar(get), "0");
  frozen.thaw();
  lab->await_up(frozen);
}

TEST_F(failover, server_that_ends_while_a_connection_waits_for_its_proof) {
  node& server = cluster().primary();
  server.tell("create role newcomer login");
  const auto monitor = std::stoi(server.ask("select pid from pg_stat_activity where application_name like '%monitor'"));
  ASSERT_EQ(::kill(monitor, SIGSTOP), 0);
  raw::client session(proxy().port());
  session.send(raw::startup("newcomer", "postgres"));
  const std::string of_newcomer = "from pg_stat_activity where usename = 'newcomer'";
  await("it has a connection", [&] { return server.ask("select count(*) " + of_newcomer) == "1"; });
  server.tell("select pg_terminate_backend(pid, 10000) " + of_newcomer);
  ASSERT_EQ(::kill(monitor, SIGCONT), 0);
  EXPECT_EQ(session.read_until_ready().back().type, 'Z');
  EXPECT_EQ(raw::types(session.query("select 1")), "TDCZ");
}

// What comes behind it has a connection before the first batch is done with.
TEST_F(failover, write_behind_a_long_read_whose_server_ends) {
  node& server = cluster().replica(0);
  auto warm = lab->session_on(server, get, "session");
  raw::client session(proxy().port());
  session.log_in("postgres", "postgres", {{"highwater.level", "eventual"}});
  const std::string rows = "select repeat('x', 100) from generate_series(1, 1000) union all select pg_sleep(60)::text";
  const std::string reader = "from pg_stat_activity where wait_event = 'PgSleep'";
  for (int i = 0; i < 4; ++i) {
    session.send(raw::query(rows) + raw::query(set_to(7)));
    session.expect('T');
    await("it sleeps", [&] {
      return std::ranges::any_of(cluster().nodes(),
                                 [&](const auto& each) { return each->ask("select count(*) " + reader) == "1"; });
    });
    for (const auto& each : cluster().nodes()) each->tell("select pg_terminate_backend(pid, 10000) " + reader);
    const auto read = session.read_until_ready();
    EXPECT_EQ(read[read.size() - 2].type, 'E');
    EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  }
}

}  // namespace
}  // namespace highwater::testing_support
