// Few server connections for many sessions: who gets one, when, and in which state.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class pool : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) { config.set("pool", "{size: 2, queue_timeout: 2s}"); });
    primary().tell("create table t (n int)");
  }
  void SetUp() override {
    PROXY_ONLY();
    primary().tell("truncate t");
  }

  static std::string backends(const std::string& condition = "true") {
    return primary().ask(
        "select count(*) from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid() and " +
        condition);
  }
  // The two connections there are, held in transactions by the sessions that are returned.
  static std::vector<raw::client> hold_all() {
    std::vector<raw::client> holders;
    for (int i = 0; i < 2; ++i) {
      holders.push_back(client());
      holders.back().query("begin");
      EXPECT_EQ(sqlstate(holders.back().query("insert into t values (1)")), "");
    }
    return holders;
  }
  static void await_queue(double length) {
    await("so many sessions wait", [&] { return served->proxy().metric("highwater_pool_queue_length") == length; });
  }
  static void expect_all_connections_right() {
    for (int round = 0; round < 2; ++round) {
      std::vector<raw::client> all;
      for (int i = 0; i < 2; ++i) {
        all.push_back(client());
        all.back().query("begin");
        EXPECT_EQ(scalar(all.back(), "select 'row of " + std::to_string(i) + "'"), "row of " + std::to_string(i));
      }
      for (auto& each : all) EXPECT_EQ(raw::types(each.query("commit")), "CZ");
    }
  }
};

TEST_F(pool, holds_for_all_workers_together) {
  std::vector<raw::client> sessions;
  for (int i = 0; i < 16; ++i) sessions.push_back(client());
  for (int round = 0; round < 20; ++round) {
    for (auto& each : sessions)
      each.send(raw::query("insert into t values (1) returning n") + raw::query("select count(*) > 0 from t"));
    for (auto& each : sessions) {
      EXPECT_EQ(value(each.read_until_ready()), "1");
      ASSERT_EQ(value(each.read_until_ready()), "t");
    }
  }
  EXPECT_LE(std::stoi(backends("backend_type = 'client backend'")), 2);
  EXPECT_EQ(scalar(sessions.front(), "select count(*) from t"), "320");
}

TEST_F(pool, who_waits_too_long_is_told_why) {
  auto holders = hold_all();
  auto waiter = client();
  const auto waits = [] { return served->proxy().metric("highwater_pool_wait_seconds_count"); };
  const auto timeouts = [] { return served->proxy().metric("highwater_pool_timeouts_total"); };
  const double waited = waits();
  const double timed_out = timeouts();
  const auto answer = waiter.query("select 1");
  ASSERT_EQ(sqlstate(answer), "53300");
  EXPECT_EQ(waits(), waited + 1);
  EXPECT_EQ(timeouts(), timed_out + 1);
  EXPECT_THAT(raw::error_field(answer.front(), 'D'), testing::HasSubstr("2 connections"));
  EXPECT_EQ(answer.back().payload, "I");
  for (auto& each : holders) each.query("rollback");
  EXPECT_EQ(scalar(waiter, "select 2"), "2");
}

TEST_F(pool, of_sessions_keeps_each_on_its_connection) {
  const highwater_process proxy(highwater_config(served->cluster()).set("pool", "{mode: session, size: 2}"));
  proxy.await_ready();
  {
    std::vector<raw::client> both;
    std::vector<std::string> servers;
    for (int i = 0; i < 2; ++i) {
      both.emplace_back(proxy.port());
      both.back().log_in();
      servers.push_back(scalar(both.back(), "select pg_backend_pid()"));
    }
    EXPECT_NE(servers[0], servers[1]);
    for (int i = 0; i < 6; ++i) {
      const auto of = static_cast<std::size_t>(i % 2);
      EXPECT_EQ(scalar(both[of], "select pg_backend_pid()"), servers[of]);
    }
    EXPECT_EQ(proxy.metric("highwater_pins_total", {{"reason", "pool_mode"}}), 2);
    EXPECT_EQ(proxy.metric("highwater_pinned_sessions"), 2);
  }
  raw::client next(proxy.port());
  next.log_in();
  EXPECT_EQ(scalar(next, "select 'there is room again'"), "there is room again");
}

TEST_F(pool, everybody_who_waits_is_served_when_one_connection_becomes_free) {
  auto holders = hold_all();
  std::vector<raw::client> waiters;
  for (int i = 0; i < 9; ++i) {
    waiters.push_back(client());
    waiters.back().send(raw::query("select " + std::to_string(i)));
  }
  await_queue(9);
  holders.front().query("commit");
  for (std::size_t i = 0; i < waiters.size(); ++i) EXPECT_EQ(value(waiters[i].read_until_ready()), std::to_string(i));
}

TEST_F(pool, a_busy_session_lets_others_in) {
  auto holder = hold_all();
  auto patient = client();
  patient.send(raw::query("select 'my turn'"));
  await_queue(1);
  // Never idle between its statements: they are all there already.
  auto busy = client();
  std::string all;
  for (int i = 0; i < 2000; ++i) all += raw::query("insert into t values (1)");
  busy.send(all);
  await_queue(2);
  holder.front().query("commit");
  EXPECT_EQ(value(patient.read_until_ready()), "my turn");
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(raw::types(busy.read_until_ready()), "CZ");
}

TEST_F(pool, who_leaves_the_queue_is_not_served) {
  auto holders = hold_all();
  for (int i = 0; i < 5; ++i) {
    auto leaver = client();
    leaver.send(raw::query("insert into t values (99)"));
    await_queue(1);
    leaver.reset();
    await_queue(0);
  }
  for (auto& each : holders) each.query("rollback");
  expect_all_connections_right();
  EXPECT_EQ(primary().ask("select count(*) from t"), "0");
}

TEST_F(pool, who_leaves_in_a_query_leaves_nothing) {
  for (int i = 0; i < 5; ++i) {
    auto leaver = client();
    leaver.send(raw::query("select generate_series(1, 300000) || ' stale row'"));
    leaver.expect('T');
    leaver.reset();
  }
  expect_all_connections_right();
}

TEST_F(pool, who_leaves_in_a_transaction_rolls_it_back) {
  for (int i = 0; i < 5; ++i) {
    auto leaver = client();
    leaver.query("begin");
    leaver.query("insert into t values (1)");
    i % 2 ? leaver.reset() : leaver.finish_sending();
  }
  expect_all_connections_right();
  await("nothing of it is left",
        [] { return primary().ask("select count(*) from pg_locks where relation = 't'::regclass") == "0"; });
  EXPECT_EQ(primary().ask("select count(*) from t"), "0");
}

TEST_F(pool, who_leaves_in_the_middle_of_a_message_runs_nothing) {
  for (const std::string& message :
       {raw::query("insert into t values (1)"), raw::query(std::string(400'000, ' ') + "insert into t values (1)"),
        run_unnamed("insert into t values ($1)", {std::string(600'000, ' ')}) + raw::sync()}) {
    auto leaver = client();
    leaver.send(std::string_view(message).substr(0, message.size() - 10));
    leaver.finish_sending();
    EXPECT_TRUE(leaver.closed_within());
  }
  expect_all_connections_right();
  EXPECT_EQ(primary().ask("select count(*) from t"), "0");
}

TEST_F(pool, who_leaves_without_a_sync_is_rolled_back) {
  for (const bool flush : {true, false}) {
    auto leaver = client();
    leaver.send(run_unnamed("insert into t values (1)") + (flush ? raw::flush() : ""));
    if (flush) leaver.read_until('C');
    leaver.reset();
  }
  expect_all_connections_right();
  EXPECT_EQ(primary().ask("select count(*) from t"), "0");
}

TEST_F(pool, a_backend_that_ends_while_idle_is_replaced) {
  auto session = client();
  EXPECT_EQ(scalar(session, "select 1"), "1");
  primary().tell(
      "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = 'postgres' and pid <> "
      "pg_backend_pid()");
  await("the connections are gone", [] {
    return served->proxy().metric("highwater_server_connections", {{"state", "idle"}}) == 0;
  });
  EXPECT_EQ(scalar(session, "select 2"), "2");
  expect_all_connections_right();
}

TEST_F(pool, a_backend_that_ends_in_a_query_is_told) {
  auto session = client();
  session.send(raw::query("do $$ begin perform pg_sleep(60); end $$"));
  await("it runs", [] { return backends("wait_event = 'PgSleep'") == "1"; });
  primary().tell("select pg_terminate_backend(pid, 10000) from pg_stat_activity where wait_event = 'PgSleep'");
  const auto answer = session.read_until_ready();
  EXPECT_EQ(raw::types(answer), "EZ");
  EXPECT_EQ(sqlstate(answer), "57P01") << describe_all(answer);
  EXPECT_EQ(raw::error_field(answer.front(), 'S'), "ERROR") << "the session goes on";
  EXPECT_EQ(scalar(session, "select 1"), "1");
  expect_all_connections_right();
}

TEST_F(pool, a_backend_that_ends_in_a_transaction_ends_the_session) {
  auto session = client();
  session.query("begin");
  const auto pid = scalar(session, "select pg_backend_pid()");
  primary().tell("select pg_terminate_backend(" + pid + ", 10000)");
  const auto told = session.expect('E');
  EXPECT_EQ(raw::error_field(told, 'S') + raw::error_field(told, 'C'), "FATAL57P01");
  EXPECT_FALSE(session.read_message()) << "nothing but the end";
  expect_all_connections_right();
}

TEST_F(pool, workers_hand_connections_over) {
  std::vector<raw::client> sessions;
  for (int i = 0; i < 4; ++i) sessions.push_back(client());
  const double before = served->proxy().metric("highwater_server_connects_total");
  for (int round = 0; round < 50; ++round) {
    for (auto& each : sessions) {
      each.query("begin");
      ASSERT_EQ(scalar(each, "select 1"), "1");
      each.query("commit");
    }
  }
  EXPECT_LE(served->proxy().metric("highwater_server_connects_total") - before, 2);
}

// The server lets no more of them in than there are: they come round.
TEST_F(pool, waits_where_the_server_is_full) {
  primary().tell("create role crowd login connection limit 1");
  primary().tell("grant all on t to crowd");
  std::vector<raw::client> sessions;
  for (int i = 0; i < 6; ++i) {
    raw::client one(served->port());
    one.log_in("crowd");
    sessions.push_back(std::move(one));
  }
  for (int round = 0; round < 5; ++round) {
    for (auto& each : sessions) each.send(raw::query("insert into t values (1)"));
    for (auto& each : sessions) EXPECT_EQ(raw::types(each.read_until_ready()), "CZ");
  }
  sessions.front().query("begin");
  sessions.front().query("insert into t values (1)");
  const auto told = sessions.back().query("insert into t values (1)");
  ASSERT_EQ(sqlstate(told), "53300");
  EXPECT_THAT(raw::error_field(told.front(), 'D'), testing::HasSubstr("too many connections for role \"crowd\""));
}

TEST_F(pool, server_that_lets_nobody_in_is_not_stormed) {
  primary().tell("create role barred login connection limit 0");
  const auto failures = [] {
    return served->proxy().metric("highwater_server_connect_failures_total", {{"node", "a"}});
  };
  const auto refused = served->proxy().metric("highwater_logins_failed_total", {{"cause", "server"}});
  const auto before = failures();
  for (int i = 0; i < 20; ++i) {
    raw::client one(served->port());
    one.send(raw::startup("barred", "postgres"));
    EXPECT_EQ(raw::error_field(one.expect('E'), 'C'), "53300");
  }
  EXPECT_GE(failures() - before, 1);
  EXPECT_LE(failures() - before, 10) << "one for each worker and second, at most";
  EXPECT_EQ(served->proxy().metric("highwater_logins_failed_total", {{"cause", "server"}}) - refused, 20);
  EXPECT_THAT(served->proxy().log(), testing::HasSubstr("could not log in as user \"barred\""));
}

TEST_F(pool, all_who_wait_are_served_when_the_server_has_room_again) {
  primary().tell("create role growing login connection limit 1; grant all on t to growing");
  highwater_config config(served->cluster());
  const highwater_process wide(config.set("pool", "{size: 10, queue_timeout: 20s}"));
  wide.await_ready();
  std::vector<raw::client> sessions;
  for (int i = 0; i < 5; ++i) {
    sessions.emplace_back(wide.port());
    sessions.back().log_in("growing");
  }
  for (auto& each : sessions) each.send(raw::query("begin") + raw::query("insert into t values (1)"));
  await("all but one wait", [&] { return wide.metric("highwater_pool_queue_length") == 4; });
  primary().tell("alter role growing connection limit 50");
  for (auto& each : sessions) {  // and none of them lets go of its connection
    EXPECT_EQ(raw::types(each.read_until_ready()), "CZ");
    EXPECT_EQ(raw::types(each.read_until_ready()), "CZ");
  }
}

}  // namespace
}  // namespace highwater::testing_support
