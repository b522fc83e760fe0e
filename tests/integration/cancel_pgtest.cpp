// Cancel requests reach what the session runs now, and nothing else.

#include <filesystem>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class cancel : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) { config.set("pool", "{size: 1, queue_timeout: 60s}"); });
    primary().tell("create table t (n int)");
    served->cluster().await_replay();
  }

  static void ask_to_cancel(std::uint32_t pid, std::string_view key) {
    raw::client messenger(served->port());
    messenger.send(raw::cancel_request(pid, key));
    EXPECT_TRUE(messenger.closed_within());
  }
  static void ask_to_cancel(const raw::client& of) { ask_to_cancel(of.backend_pid(), of.cancel_key()); }
  static raw::client newer_client() {
    raw::client made(served->port());
    made.log_in("postgres", "postgres", {}, raw::protocol_3_2);
    return made;
  }
  static constexpr const char* sleep = "begin; insert into t values (1); select pg_sleep(60)";
  static void await_sleeper() {
    await("it sleeps",
          [] { return primary().ask("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == "1"; });
  }
  // Each time that it asks for it, and nothing behind that.
  static void expect_cancelled(raw::client& session) {
    for (int i = 0; i < 3; ++i) {
      session.send(raw::query(sleep));
      await_sleeper();
      ask_to_cancel(session);
      EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
      session.query("rollback");
      EXPECT_EQ(scalar(session, "select 1"), "1");
    }
  }
};

TEST_F(cancel, ends_what_runs) {
  auto session = client();
  expect_cancelled(session);
}

TEST_F(cancel, never_hits_the_next_session) {
  auto session = client();
  auto next = client();
  for (int i = 0; i < 200; ++i) {
    session.send(raw::query("insert into t values (1)"));
    ask_to_cancel(session);
    const auto mine = session.read_until_ready();
    EXPECT_TRUE(sqlstate(mine).empty() || sqlstate(mine) == "57014") << describe_all(mine);
    const auto other = next.query("insert into t select generate_series(1, 100)");
    ASSERT_EQ(sqlstate(other), "") << i << ": " << describe_all(other) << raw::error_field(other.front(), 'R');
  }
}

// A driver goes on when its cancel connection has ended. What it runs then is another statement, on the same server
// connection where the session keeps it.
TEST_F(cancel, never_hits_the_next_statement_of_a_session_that_keeps_its_connection) {
  auto session = client();
  session.query("listen news");
  for (int i = 0; i < 300; ++i) {
    session.send(raw::query("insert into t values (1)"));
    ask_to_cancel(session);
    const auto mine = session.read_until_ready();
    EXPECT_TRUE(sqlstate(mine).empty() || sqlstate(mine) == "57014") << describe_all(mine);
    const auto next = session.query("insert into t select generate_series(1, 100)");
    ASSERT_EQ(sqlstate(next), "") << i << ": " << describe_all(next);
  }
}

// The server's connection is the next one's when nothing can hit it any more, and not a new one each time.
TEST_F(cancel, costs_no_connection) {
  PROXY_ONLY();
  auto session = client();
  session.query("insert into t values (1)");
  const auto made = served->proxy().metric("highwater_server_connects_total");
  for (int i = 0; i < 10; ++i) {
    session.send(raw::query(sleep));
    await_sleeper();
    ask_to_cancel(session);
    EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
    session.query("rollback");
  }
  EXPECT_EQ(served->proxy().metric("highwater_server_connects_total"), made);
}

// However many are sent while the server does not take them.
TEST_F(cancel, requests_are_merged) {
  PROXY_ONLY();
  auto session = client();
  session.send(raw::query(sleep));
  await_sleeper();
  const auto descriptors = [] {
    const auto folder = "/proc/" + std::to_string(served->proxy().child().pid()) + "/fd";
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  const auto before = descriptors();
  primary().freeze();
  std::vector<raw::client> messengers;
  for (int i = 0; i < 200; ++i) {
    messengers.emplace_back(served->port());
    messengers.back().send(raw::cancel_request(session.backend_pid(), session.cancel_key()));
  }
  await("all but those that wait for the first two have been let go", [&] { return descriptors() < before + 50; });
  primary().thaw();
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  for (auto& each : messengers) EXPECT_TRUE(each.closed_within());
  session.query("rollback");
}

// Who waits for one has nothing more to say, and says it at nobody's cost.
TEST_F(cancel, requests_with_more_behind_them_are_not_kept) {
  PROXY_ONLY();
  auto session = client();
  session.send(raw::query(sleep));
  await_sleeper();
  primary().freeze();
  raw::client messenger(served->port());
  messenger.send(raw::cancel_request(session.backend_pid(), session.cancel_key()));
  const auto process = std::to_string(served->proxy().child().pid());
  const auto pages = [&] { return std::stol(read_file("/proc/" + process + "/statm").substr(0, 12)); };
  const auto before = pages();
  const std::string much(1 << 20, 'x');
  for (int i = 0; i < 200; ++i) messenger.send(much);  // taken, not kept
  EXPECT_LT((pages() - before) * 4096, 100 << 20);
  primary().thaw();
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  session.query("rollback");
}

// Who asks for one waits, and has no user and no database that somebody could be told of.
TEST_F(cancel, requests_are_no_logins) {
  PROXY_ONLY();
  highwater_config config(served->cluster());
  config.set("limits", "{max_logins: 2}").set("timeouts", "{login: 1s}");
  const highwater_process proxy(config);
  proxy.await_ready();
  raw::client session(proxy.port());
  session.log_in();
  session.send(raw::query(sleep));
  await_sleeper();
  primary().freeze();
  std::vector<raw::client> messengers, silent;
  for (int i = 0; i < 2; ++i) {
    messengers.emplace_back(proxy.port());
    messengers.back().send(raw::cancel_request(session.backend_pid(), session.cancel_key()));
  }
  for (int i = 0; i < 3; ++i) silent.emplace_back(proxy.port());
  for (auto& each : silent) EXPECT_TRUE(each.closed_within()) << "late, or one too many";
  primary().thaw();
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  for (auto& each : messengers) EXPECT_TRUE(each.closed_within());
  session.query("rollback");
}

TEST_F(cancel, of_an_idle_session_does_nothing) {
  auto session = client();
  auto other = client();
  other.send(raw::query("begin; insert into t values (1); select pg_sleep(0.2)"));
  for (int i = 0; i < 20; ++i) ask_to_cancel(session);
  EXPECT_EQ(sqlstate(other.read_until_ready()), "");
  other.query("rollback");
  EXPECT_EQ(scalar(session, "select 1"), "1");
}

TEST_F(cancel, with_unknown_keys_does_nothing) {
  auto session = client();
  session.send(raw::query("begin; insert into t values (1); select pg_sleep(0.2)"));
  std::string wrong = session.cancel_key();
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  ask_to_cancel(session.backend_pid(), wrong);
  ask_to_cancel(session.backend_pid() + 1000, session.cancel_key());
  ask_to_cancel(0, std::string(4, '\0'));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "");
  session.query("rollback");
}

TEST_F(cancel, keys_are_not_the_same_twice) {
  auto one = client();
  auto other = client();
  EXPECT_NE(one.backend_pid(), other.backend_pid());
  EXPECT_NE(one.cancel_key(), other.cancel_key());
}

// PostgreSQL knows them since 18.
TEST_F(cancel, of_protocol_3_2_has_a_long_key) {
  PROXY_ONLY();
  auto session = newer_client();
  EXPECT_EQ(session.cancel_key().size(), 32U);
  EXPECT_EQ(client().cancel_key().size(), 4U);
  EXPECT_NE(session.cancel_key().substr(4), newer_client().cancel_key().substr(4));
  expect_cancelled(session);
}

TEST_F(cancel, with_half_a_long_key_does_nothing) {
  PROXY_ONLY();
  auto session = newer_client();
  session.send(raw::query(sleep));
  await_sleeper();
  const auto& key = session.cancel_key();
  std::string wrong = key;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  for (const auto& sent : {key.substr(0, 4), key.substr(0, 31), wrong, key + "x", key + std::string(256 - 32, '\0')})
    ask_to_cancel(session.backend_pid(), sent);
  EXPECT_TRUE(session.silent_for(milliseconds(100)));
  ask_to_cancel(session);
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  session.query("rollback");
}

TEST_F(cancel, works_with_a_saturated_pool) {
  auto session = client();
  session.send(raw::query(sleep));
  await_sleeper();
  std::vector<raw::client> waiters;
  for (int i = 0; i < 5; ++i) {
    waiters.push_back(client());
    waiters.back().send(raw::query("insert into t values (2)"));
  }
  ask_to_cancel(session);
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  session.query("rollback");
  for (auto& each : waiters) EXPECT_EQ(raw::types(each.read_until_ready()), "CZ");
}

TEST_F(cancel, ends_waiting_for_a_connection) {
  PROXY_ONLY();
  auto holder = client();
  holder.query("begin");
  holder.query("insert into t values (3)");
  auto waiter = client();
  waiter.send(raw::query("insert into t values (444)"));
  await("it waits", [] { return served->proxy().metric("highwater_pool_queue_length") == 1; });
  ask_to_cancel(waiter);
  EXPECT_EQ(sqlstate(waiter.read_until_ready()), "57014");
  EXPECT_EQ(sqlstate(holder.query("commit")), "");
  EXPECT_EQ(scalar(waiter, "select count(*) from t where n = 444"), "0");
}

TEST_F(cancel, ends_waiting_for_a_fresh_replica) {
  PROXY_ONLY();
  postgres_cluster& cluster = served->cluster();
  highwater_config patient(cluster);
  patient.set("consistency", "{level: strong, on_stale: [{wait: 10min}, error]}");
  highwater_process proxy(patient);
  proxy.await_ready();
  raw::client session(proxy.port());
  session.log_in();
  await("reads are known as such", [&] {
    session.query("select count(*) from t");
    return scalar(session, "show highwater.last_route").find("role=replica") != std::string::npos;
  });
  cluster.replica(0).pause_replay();
  primary().tell("insert into t values (5)");
  session.send(raw::query("select count(*) from t"));
  await("it waits", [&] { return proxy.metric("highwater_freshness_waiting") == 1; });
  raw::client messenger(proxy.port());
  messenger.send(raw::cancel_request(session.backend_pid(), session.cancel_key()));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
  cluster.replica(0).resume_replay();
  EXPECT_EQ(sqlstate(session.query("select count(*) from t")), "");
  EXPECT_EQ(proxy.metric("highwater_freshness_waiting"), 0);
}

TEST_F(cancel, reaches_reads_on_replicas) {
  auto session = client();
  session.send(raw::query("select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b"));
  messages answer;
  await("it is cancelled", [&] {
    ask_to_cancel(session);
    if (session.silent_for(milliseconds(50))) return false;
    answer = session.read_until_ready();
    return true;
  });
  EXPECT_EQ(sqlstate(answer), "57014");
  EXPECT_EQ(scalar(session, "select 1"), "1");
}

// The pool has one connection to each node.
TEST_F(cancel, nobody_waits_for_what_a_client_asked_that_has_gone) {
  {
    auto gone = client();
    gone.send(raw::query("insert into t select 7 from pg_sleep(1000)"));
    await_sleeper();
  }
  auto next = client();
  EXPECT_EQ(sqlstate(next.query("insert into t values (8)")), "");
  {
    auto gone = client();
    gone.send(raw::query("select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000) b"));
    await("it runs", [] {
      return served->cluster().replica(0).ask(
                 "select count(*) from pg_stat_activity where query like '%generate_series%' and state = 'active' and "
                 "pid <> pg_backend_pid()") == "1";
    });
  }
  await("the server has given up the read", [] {
    return served->cluster().replica(0).ask(
               "select count(*) from pg_stat_activity where query like '%generate_series%' and state = 'active' and "
               "pid <> pg_backend_pid()") == "0";
  });
  primary().tell("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
}

TEST_F(cancel, as_libpq_does_it) {
  auto session = served->connect();
  ASSERT_EQ(PQsendQuery(session.raw(), sleep), 1);
  await_sleeper();
  EXPECT_TRUE(session.cancel());
  std::string state;
  while (auto result = session.next()) state = result->ok() ? state : result->sqlstate();
  EXPECT_EQ(state, "57014");
}

}  // namespace
}  // namespace highwater::testing_support
