// The rules of docs/consistency.md that only real servers can put to the test, each under the circumstances in which
// breaking it would show.

#include <gmock/gmock.h>

#include <csignal>

#include "tests/integration/routed_test.hpp"
#include "tests/support/faulty_server.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

const std::vector<std::string> tables{
    // `checked` is read at level session and falls back to the primary at once.
    "create table register (v int not null); insert into register values (0); create table checked as table register;"
    "create table log_of_calls (id serial); create unlogged table unlogged_one (v int); create sequence numbers;"
    "create table victim as select i as v from generate_series(1, 5) i; create table gate (v int);"
    "create function record_call() returns int language sql volatile as 'insert into log_of_calls default values; "
    "select 1';"
    "create function says_it_is_stable() returns int language plpgsql stable as "
    "  'begin return (select record_call()); end';"
    "create function slow_until_gate(x int) returns int language plpgsql stable as "
    "  'begin if (select count(*) from gate) = 0 then perform pg_sleep(60); end if; return x; end'"};

class rules : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    // A replica that writes no pages is thrown far back by a crash.
    const cluster_options options{.settings = {"max_standby_streaming_delay = 0", "hot_standby_feedback = off",
                                               "bgwriter_lru_maxpages = 0", "shared_buffers = '64MB'"}};
    lab = std::make_unique<laboratory>(options, tables, [](highwater_config& config) {
      config.set("consistency", "{level: eventual, max_staleness: 300ms, on_stale: [{wait: 8s}, error]}")
          .set("policies", "[{name: checked, match: {tables: [checked, victim]}, level: session, on_stale: primary}]");
    });
  }
  static void TearDownTestSuite() { lab.reset(); }

  void SetUp() override {
    if (!lab) GTEST_SKIP() << "needs the proxy";
  }
  void TearDown() override {
    if (!lab) return;
    if (primary().running()) primary().thaw();
    if (!primary().running()) primary().start();
    primary().set("synchronous_standby_names", "");
    primary().set("wal_writer_delay", "200ms");
    lab->await_primary(primary());
    for (node* each : lab->cluster().replicas()) {
      if (!each->running()) each->start();
      each->resume_replay();
      each->set("recovery_min_apply_delay", "0");
    }
    lab->cluster().await_replay();
    for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  }

  static node& primary() { return lab->cluster().primary(); }
  static node& ahead() { return lab->cluster().replica(0); }
  static node& behind() { return lab->cluster().replica(1); }

  static std::string set_to(int value, const std::string& table = "checked") {
    return "update " + table + " set v = " + std::to_string(value);
  }
  static std::string get(const std::string& table = "checked") { return "select v from " + table; }

  // Where a read waits for the gate.
  static node& replica_that_sleeps() {
    node* where = nullptr;
    await("a replica runs it", [&] {
      for (node* each : lab->cluster().replicas()) {
        if (each->ask("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") != "0") where = each;
      }
      return where != nullptr;
    });
    return *where;
  }

  static void end_sleepers(const node& on) {
    on.tell("select pg_terminate_backend(pid, 10000) from pg_stat_activity where wait_event = 'PgSleep'");
  }

  // A session that has read `value` from the replica `ahead`, which `behind` does not have.
  static pg::connection session_that_is_ahead(int value) {
    // If it crashes it falls back to here, and no further.
    primary().tell("checkpoint");
    lab->cluster().await_replay();
    ahead().tell("checkpoint");
    behind().pause_replay();
    primary().tell(set_to(value));
    lab->cluster().await_replay(ahead());
    lab->await_known_fresh(ahead());
    auto session = lab->session_on(ahead(), get());
    const auto seen = read(session, get());
    EXPECT_EQ(seen.value, std::to_string(value));
    EXPECT_EQ(seen.by.reason, "sticky") << seen.by.text;
    return session;
  }

  // From now on `ahead` does not replay commits, and after a crash it is back where it last was consistent.
  static void await_rewound(int than) {
    await("the replica shows an older state than before", [&] {
      try {
        return std::stoi(ahead().ask(get())) < than;
      } catch (const pg::error&) {
        return false;
      }
    });
    // And it is not used before it is back where it was.
    lab->await_samples(ahead(), 3);
    EXPECT_EQ(lab->proxy().metric("highwater_node_up", {{"node", ahead().name()}}), 0);
  }

  inline static std::unique_ptr<laboratory> lab;
};

// Rule 1
TEST_F(rules, commits_that_were_acknowledged_before_they_were_flushed_are_seen) {
  pg::connection session(lab->proxy().conninfo() +
                         " options='-c synchronous_commit=off -c highwater.level=read_your_writes'");
  for (int written = 1; written < 9; ++written) {
    session.must(set_to(written, "register"));
    const auto seen = read(session, get("register"));
    EXPECT_EQ(seen.value, std::to_string(written)) << seen.by.text;
    EXPECT_EQ(seen.by.role, "replica") << seen.by.text;
  }
}

// Rule 23: the WAL writer sleeps for longer than anybody waits.
TEST_F(rules, commits_that_nobody_flushes_reach_the_replicas_all_the_same) {
  primary().set("wal_writer_delay", "10s");
  counted nudges(lab->proxy(), "highwater_flush_nudges_total");
  pg::connection session(lab->proxy().conninfo() +
                         " options='-c synchronous_commit=off -c highwater.level=read_your_writes'");
  for (int written = 301; written < 305; ++written) {
    session.must(set_to(written, "register"));
    const auto seen = read(session, get("register"));
    EXPECT_EQ(seen.value, std::to_string(written)) << seen.by.text;
    EXPECT_EQ(seen.by.role, "replica") << seen.by.text;
  }
  EXPECT_GE(nudges.more(), 1);
}

// By default reads leave the primary, and come back from a replica that has fallen behind.
TEST_F(rules, default_waits_for_a_replica_that_is_expected_soon_and_for_no_other) {
  const highwater_process proxy{highwater_config(lab->cluster())};
  proxy.await_ready();
  auto session = proxy.connect();
  const auto write_and_read = [&](int value) {
    session.must(set_to(value, "register"));
    const auto seen = read(session, get("register"));
    EXPECT_EQ(seen.value, std::to_string(value)) << seen.by.text;
    return seen.by;
  };
  int value = 400;
  await("a replica serves it", [&] { return write_and_read(++value).role == "replica"; });
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  EXPECT_EQ(write_and_read(++value).reason, "fallback");
  await("nobody waits for them any more", [&] {
    write_and_read(++value);
    return proxy.metric("highwater_node_catch_up_seconds", {{"node", ahead().name()}}) > 0.02 &&
           proxy.metric("highwater_node_catch_up_seconds", {{"node", behind().name()}}) > 0.02;
  });
  const auto waited = [&] { return proxy.metric("highwater_freshness_wait_seconds_count"); };
  const auto before = waited();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(write_and_read(++value).reason, "fallback");
  EXPECT_EQ(waited(), before);
  for (node* each : lab->cluster().replicas()) each->resume_replay();
  await("a replica serves it again", [&] { return write_and_read(++value).role == "replica"; });
}

// Rule 3: of who reads what he has written, the nodes are asked when he writes.
TEST_F(rules, a_read_that_is_expected_behind_a_write_finds_the_nodes_asked) {
  highwater_config config(lab->cluster());
  std::string nodes = "{nodes: [";
  for (const auto& each : lab->cluster().nodes()) {
    nodes += "{name: " + each->name() + ", host: 127.0.0.1, port: " + std::to_string(each->port()) + "}, ";
  }
  config.set("cluster", nodes + "], monitor: {user: highwater, database: postgres, interval: 10min}}");
  const highwater_process proxy(config);
  proxy.await_ready();
  const labels of_primary{{"node", primary().name()}, {"role", "primary"}};
  const auto asked = [&] { return proxy.metric("highwater_position_samples_total", of_primary); };
  // At a level that needs no proof of what replicas have shown.
  pg::connection session(proxy.conninfo() + " options='-c highwater.level=read_your_writes'");
  await("it is known for a read", [&] { return read(session, get("register")).by.reason != "write"; });
  session.must(set_to(500, "register"));
  EXPECT_EQ(read(session, get("register")).value, "500");
  const auto before = asked();
  session.must(set_to(501, "register"));
  await("the primary is asked although nobody reads", [&] { return asked() > before; });
}

// The proxy is held up until both answers are there, so that it reads them as one.
TEST_F(rules, write_that_is_answered_together_with_a_read_before_it_raises_the_floor) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  raw::client session(lab->proxy().port());
  session.log_in("postgres", "postgres", {{"highwater.level", "read_your_writes"}});
  auto holder = primary().connect();
  holder.must("begin; lock gate");
  auto watcher = primary().connect();  // a transaction goes on seeing the sessions that it saw first
  const counted writes(lab->proxy(), "highwater_writes_total", {{"node", primary().name()}});
  session.send(raw::query("/* highwater: level=primary */ select count(*) from gate") +
               raw::query(set_to(11, "register")));
  await("the first one waits", [&] {
    return watcher.scalar(
               "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like "
               "'%from gate')") == "t";
  });
  await("the second one is on its way", [&] { return writes.more() == 1; });
  lab->proxy().child().signal(SIGSTOP);
  holder.must("commit");
  await("the write is done", [&] { return holder.scalar(get("register")) == "11"; });
  lab->proxy().child().signal(SIGCONT);
  EXPECT_EQ(raw::types(session.read_until_ready()), "TDCZ");
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  session.send(raw::query(get("register")));
  lab->await_waiting();
  ahead().resume_replay();
  const auto seen = session.read_until_ready();
  ASSERT_EQ(raw::types(seen), "TDCZ");
  EXPECT_EQ(raw::row(seen[1]).at(0), "11");
}

// Rule 2
TEST_F(rules, idle_primary_at_a_page_boundary_is_reached) {
  primary().tell(set_to(20, "register"));
  primary().tell("select pg_switch_wal()");
  const auto insert = primary().ask("select pg_current_wal_insert_lsn()");
  ASSERT_EQ(primary().ask("select ('" + insert + "'::pg_lsn - '0/0'::pg_lsn) % 16777216"), "40")
      << "the position must be behind a header that nobody has written";
  const auto boundary = primary().ask("select '" + insert + "'::pg_lsn - 40");
  for (node* each : lab->cluster().replicas()) {
    await("the segment's end is replayed", [&] { return each->has_replayed(boundary); });
  }
  auto session = lab->connect("strong");
  const auto seen = read(session, get("register"));
  EXPECT_EQ(seen.value, "20");
  EXPECT_EQ(seen.by.role, "replica") << seen.by.text;
}

// Rule 5: being on a replica for a weaker read does not make that replica fresh enough for the stronger.
TEST_F(rules, weaker_read_on_another_replica_does_not_take_the_session_back) {
  auto session = session_that_is_ahead(45);
  await("a weaker read is served by the other replica",
        [&] { return read(session, get("register")).by.node == behind().name(); });
  const auto seen = read(session, get());
  EXPECT_EQ(seen.value, "45") << seen.by.text;
  EXPECT_NE(seen.by.node, behind().name()) << seen.by.text;
}

// Rule 5
TEST_F(rules, session_that_has_to_move_does_not_go_back) {
  auto session = session_that_is_ahead(50);
  ahead().kill9();
  const auto seen = read(session, get());
  EXPECT_EQ(seen.value, "50") << seen.by.text;
  EXPECT_EQ(seen.by.node, primary().name()) << seen.by.text;
  behind().resume_replay();
  await("the other replica serves it once it is fresh", [&] {
    const auto again = read(session, get());
    EXPECT_EQ(again.value, "50") << again.by.text;
    return again.by.node == behind().name();
  });
}

// Rule 5: the primary does not answer, and what the replica had received is bound enough.
TEST_F(rules, causal_read_beside_mere_readers_needs_no_word_of_the_primary) {
  highwater_config config(lab->cluster());
  std::string nodes = "{nodes: [";
  for (const auto& each : lab->cluster().nodes()) {
    nodes += "{name: " + each->name() + ", host: 127.0.0.1, port: " + std::to_string(each->port()) + "}, ";
  }
  config.set("cluster", nodes + "], monitor: {user: highwater, database: postgres, timeout: 60s}}")
      .set("consistency", "{level: causal, on_stale: [{wait: 1s}, error]}");
  const highwater_process proxy(config);
  proxy.await_ready();
  auto anybody = proxy.connect();
  anybody.must("set highwater.level = eventual");
  const auto reads_from = [&](const node& which) {
    await("somebody reads from node " + which.name(),
          [&] { return read(anybody, get("register")).by.node == which.name(); });
  };
  auto session = proxy.connect();
  await("a replica serves it",
        [&] { return session.exec(get("register")).ok() && route_of(session).role == "replica"; });
  primary().freeze();
  for (int again = 0; again < 6; ++again) {
    for (node* each : lab->cluster().replicas()) reads_from(*each);
    const auto found = session.exec(get("register"));
    EXPECT_TRUE(found.ok()) << found.message();
  }
  primary().thaw();
}

// Rule 5
TEST_F(rules, session_whose_replica_died_with_the_primary_goes_to_one_that_has_received_as_much) {
  primary().tell(set_to(51, "register"));
  lab->cluster().await_replay();
  for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  auto session = lab->session_on(ahead(), get("register"), "session");
  primary().kill9();
  lab->await_up(primary(), false);
  ASSERT_EQ(read(session, get("register")).by.node, ahead().name());
  lab->await_samples(ahead(), 2);
  ahead().kill9();
  for (int again = 0; again < 2; ++again) {
    const auto seen = read(session, get("register"));
    EXPECT_EQ(seen.value, "51") << seen.by.text;
    EXPECT_EQ(seen.by.node, behind().name()) << seen.by.text;
  }
}

// Rule 6
TEST_F(rules, reads_on_the_primary_raise_the_floor) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  auto session = lab->connect();
  primary().tell(set_to(60));
  ASSERT_EQ(read(session, "/* highwater: level=primary */ select v from checked").value, "60");
  const auto seen = read(session, get());
  EXPECT_EQ(seen.value, "60") << seen.by.text;
  ahead().resume_replay();
  await("the replica serves it once it is fresh", [&] {
    const auto again = read(session, get());
    EXPECT_EQ(again.value, "60") << again.by.text;
    return again.by.node == ahead().name();
  });
}

// Rule 7: the commit is on disk and waits for a standby that does not exist, and is not acknowledged when its server
// process dies.
TEST_F(rules, write_whose_end_is_unknown_raises_the_floor_and_is_not_run_again) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  primary().tell(set_to(70));
  const counted retries(lab->proxy(), "highwater_retries_total");
  auto session = lab->connect();
  primary().set("synchronous_standby_names", "nobody");
  auto observer = primary().connect();
  auto probe = primary().connect();
  const std::string waiting =
      "select pid from pg_stat_activity where wait_event = 'SyncRep' and pid <> " + std::to_string(probe.backend_pid());
  await_hanging_commits(observer, probe);
  pending write(session, "update checked set v = v + 1");
  await("the commit waits", [&] { return observer.must(waiting).rows() == 1; });
  const pid_t server = std::stoi(observer.scalar(waiting));
  ASSERT_EQ(::kill(server, SIGKILL), 0);

  const auto lost = write.take();
  EXPECT_FALSE(lost.ok());
  EXPECT_THAT(lost.diagnostic(PG_DIAG_MESSAGE_DETAIL), HasSubstr("outcome is unknown"));
  await("the primary has restarted", [&] { return PQping(primary().conninfo().c_str()) == PQPING_OK; });
  primary().set("synchronous_standby_names", "");
  const auto seen = read(session, get());
  EXPECT_EQ(seen.value, "71") << seen.by.text;
  EXPECT_EQ(primary().ask(get()), "71");
  EXPECT_EQ(retries.more(), 0);
}

// Rule 8
TEST_F(rules, crashed_replica_that_is_back_in_an_older_state_is_not_sticky) {
  auto session = session_that_is_ahead(80);
  ahead().set("recovery_min_apply_delay", "1h");
  ahead().kill9();
  ahead().start();
  await_rewound(80);
  for (int again = 0; again < 4; ++again) {
    const auto seen = read(session, get());
    EXPECT_EQ(seen.value, "80") << seen.by.text;
  }
}

TEST_F(rules, replica_that_restarted_within_its_postmaster_is_not_sticky) {
  auto session = session_that_is_ahead(90);
  ahead().set("recovery_min_apply_delay", "1h");
  const auto started = ahead().ask("select pg_postmaster_start_time()");
  auto backend = ahead().connect();
  ASSERT_EQ(::kill(backend.backend_pid(), SIGKILL), 0);
  EXPECT_FALSE(backend.exec("select 1").ok());
  await_rewound(90);
  ASSERT_EQ(ahead().ask("select pg_postmaster_start_time()"), started);
  for (int again = 0; again < 4; ++again) {
    const auto seen = read(session, get());
    EXPECT_EQ(seen.value, "90") << seen.by.text;
  }
}

// Rule 8: WAL that was inserted and not flushed is gone after a crash, and no replica will ever be there.
TEST_F(rules, floor_in_wal_that_a_crash_of_the_primary_has_taken_can_be_reached) {
  auto session = lab->connect();
  primary().set("wal_writer_delay", "10s");
  session.must(set_to(85));
  primary().tell("select pg_logical_emit_message(false, 'not flushed', repeat('x', 200000))");
  const auto lost = primary().ask("select pg_current_wal_insert_lsn()");
  ASSERT_EQ(read(session, "/* highwater: level=primary */ " + get()).value, "85");
  lab->await_samples(primary(), 3);
  EXPECT_EQ(read(session, get()).by.reason, "fallback") << "no replica has it, nor ever will";
  primary().kill9();
  primary().start();
  ASSERT_EQ(primary().ask("select pg_current_wal_insert_lsn() < '" + lost + "'"), "t") << "it was flushed";
  lab->await_primary(primary());
  await("a replica serves it again", [&] {
    const auto again = read(session, get());
    EXPECT_EQ(again.value, "85") << again.by.text;
    return again.by.role == "replica";
  });
}

// Rule 10
TEST_F(rules, read_only_transaction_is_placed_when_its_node_is_fresh) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  auto session = lab->connect("strong");
  session.must(set_to(100, "register"));
  session.must("begin read only");
  pending first(session, get("register"));
  lab->await_waiting();
  ahead().resume_replay();
  EXPECT_EQ(first.take().text(), "100");
  EXPECT_EQ(route_of(session).node, ahead().name());
  session.must("commit");
}

// Rule 12
TEST_F(rules, node_of_another_system_is_refused) {
  const auto folder = make_folder("stranger");
  run_or_throw({.argv = {server_program("initdb"), "-D", folder.string(), "-U", "postgres", "-A", "trust", "--no-sync"},
                .as_server_user = true});
  write_file(folder / "postgresql.conf",
             "listen_addresses = '127.0.0.1'\nfsync = off\nunix_socket_directories = '" + folder.string() + "'\n");
  node stranger("stranger", folder);
  std::string nodes = "\n  nodes:\n";
  const auto add = [&](const std::string& name, const node& which) {
    nodes += "    - {name: " + name + ", host: " + which.host() + ", port: " + std::to_string(which.port()) + "}\n";
  };
  add("stranger", stranger);
  add("a", primary());
  add("b", ahead());
  highwater_config config(lab->cluster());
  config.set("cluster", nodes + "  monitor: {user: highwater, database: postgres}");
  const highwater_process proxy(config);
  proxy.await_ready();
  stranger.start();
  stranger.tell("create role highwater login in role pg_monitor; create table register as select 666 as v");
  await("the proxy says so", [&] { return proxy.log().find("belongs to another cluster") != std::string::npos; });
  auto session = proxy.connect();
  session.must("set highwater.level = eventual");
  for (int again = 0; again < 12; ++again) EXPECT_NE(session.scalar(get("register")), "666");
  EXPECT_EQ(proxy.metric("highwater_node_up", {{"node", "stranger"}}), 0);
}

// Rule 13
TEST_F(rules, idle_primary_does_not_make_a_replica_stale) {
  primary().tell(set_to(130, "register"));
  lab->cluster().await_replay();
  lab->await_samples(primary(), 12);  // for longer than max_staleness nothing is written
  auto session = lab->connect("bounded");
  const auto seen = read(session, get("register"));
  EXPECT_EQ(seen.value, "130");
  EXPECT_EQ(seen.by.role, "replica") << seen.by.text;
}

// Rule 14
TEST_F(rules, what_is_not_proved_to_be_a_read_goes_to_the_primary) {
  const std::vector<std::string> statements{
      "insert into gate select 1 where false",
      "with gone as (delete from gate where false returning v) select * from gone",
      "select v from register for update",
      "select v from register for key share",
      "select nextval('numbers')",
      "select * from unlogged_one",
      "select record_call() where false",
      "select pg_advisory_xact_lock(1)",
      "select pg_notify('channel', 'text')",
      "select txid_current()",
      "select set_config('work_mem', '5MB', false)",
      "copy (select v from register for share) to stdout with (format csv) -- ",
      "select v into temporary taken from register",
      "explain analyze insert into gate select 1 where false",
      "do 'begin perform 1; end'",
      "lock table register in share mode",
  };
  for (const auto& sql : statements) {
    SCOPED_TRACE(sql);
    auto session = lab->connect();
    pending statement(session, sql);
    while (auto one = session.next()) {
      char* row = nullptr;
      while (one->status() == PGRES_COPY_OUT && PQgetCopyData(session.raw(), &row, 0) > 0) PQfreemem(row);
    }
    const auto where = route_of(session);
    EXPECT_EQ(where.node, primary().name()) << where.text;
    EXPECT_FALSE(where.because.empty()) << where.text;
  }
}

TEST_F(rules, temporary_tables_are_read_where_they_are) {
  auto session = lab->connect();
  session.must("create temporary table register (v int)");
  session.must("insert into register values (140)");
  const auto seen = read(session, get("register"));
  EXPECT_EQ(seen.value, "140");
  EXPECT_EQ(seen.by.node, primary().name());
  EXPECT_EQ(seen.by.reason, "pinned");
}

TEST_F(rules, harmless_functions_do_not_keep_a_read_from_the_replicas) {
  lab->await_known_fresh(ahead());
  for (const char* sql : {"select v, random() from register", "select v, now(), clock_timestamp() from register",
                          "select count(*), max(v) from register", "table register", "values (1), (2)",
                          "with r as (select v from register) select * from r", "explain select v from register"}) {
    SCOPED_TRACE(sql);
    auto session = lab->connect();
    session.must(sql);
    EXPECT_EQ(route_of(session).role, "replica") << route_of(session).text;
  }
}

// Rule 15
TEST_F(rules, function_that_writes_although_stable_is_run_once_on_the_primary_and_remembered) {
  primary().tell("truncate log_of_calls");
  lab->cluster().await_replay();
  const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "read_only"}});
  auto session = lab->connect();
  EXPECT_EQ(session.scalar("select says_it_is_stable()"), "1");
  EXPECT_EQ(primary().ask("select count(*) from log_of_calls"), "1");
  EXPECT_EQ(retries.more(), 1);
  EXPECT_EQ(session.scalar("select says_it_is_stable()"), "1");
  EXPECT_EQ(route_of(session).because, "learned");
  EXPECT_EQ(primary().ask("select count(*) from log_of_calls"), "2");
  EXPECT_EQ(retries.more(), 1);
}

TEST_F(rules, prepared_statement_that_writes_although_a_read_is_run_once_on_the_primary) {
  primary().tell("truncate log_of_calls");
  lab->cluster().await_replay();
  auto session = lab->connect();
  ASSERT_TRUE(session.prepare("call", "select says_it_is_stable() + $1::int").ok());
  EXPECT_EQ(session.exec_prepared("call", {"1"}).text(), "2");
  EXPECT_EQ(session.exec_prepared("call", {"2"}).text(), "3");
  EXPECT_EQ(primary().ask("select count(*) from log_of_calls"), "2");
}

TEST_F(rules, what_highwater_answers_itself_is_answered_once_when_a_read_is_run_again) {
  primary().tell("truncate log_of_calls");
  lab->cluster().await_replay();
  const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "read_only"}});
  raw::client session(lab->proxy().port());
  session.log_in();
  const std::string sql = "select says_it_is_stable() + 1000";
  session.send(raw::parse("old", "select 1") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "1Z");
  session.send(raw::close_statement("old") + raw::parse("new", sql) + raw::bind("", "new") + raw::execute() +
               raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "312DCZ");
  EXPECT_EQ(retries.more(), 1);
  EXPECT_EQ(primary().ask("select count(*) from log_of_calls"), "1");
}

// Both answers are there when the proxy looks: the second is not forwarded with the first.
TEST_F(rules, refusal_that_comes_together_with_the_answer_before_it_is_noticed) {
  primary().tell("truncate log_of_calls");
  lab->cluster().await_replay();
  raw::client session(lab->proxy().port());
  // What calls a function may read any table, so the policies ask for this level.
  session.log_in("postgres", "postgres", {{"highwater.level", "session"}});
  session.send(raw::query("select pg_sleep(60)") + raw::query("select says_it_is_stable() - 1"));
  node& where = replica_that_sleeps();
  const auto server = where.ask("select pid from pg_stat_activity where wait_event = 'PgSleep'");
  const auto answered = "select count(*) from pg_stat_activity where pid = " + server +
                        " and state = 'idle' and query = 'select says_it_is_stable() - 1'";
  lab->proxy().child().signal(SIGSTOP);
  where.tell("select pg_cancel_backend(" + server + ")");
  const deadline end;
  while (where.ask(answered) == "0" && !end.passed()) {
  }
  lab->proxy().child().signal(SIGCONT);
  ASSERT_FALSE(end.passed()) << "the second was not sent behind the first";
  EXPECT_EQ(raw::types(session.read_until_ready()), "TEZ");
  EXPECT_EQ(raw::types(session.read_until_ready()), "TDCZ");
  EXPECT_EQ(primary().ask("select count(*) from log_of_calls"), "1");
}

TEST_F(rules, read_that_recovery_cancels_is_run_elsewhere) {
  for (const bool extended : {false, true}) {
    SCOPED_TRACE(extended ? "extended" : "simple");
    primary().tell("truncate gate");
    lab->cluster().await_replay();
    const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "recovery_conflict"}});
    auto session = lab->connect();
    const std::string sql = "select sum(slow_until_gate(v)) from victim";
    if (extended) {
      ASSERT_EQ(PQsendQueryParams(session.raw(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
    } else {
      ASSERT_EQ(PQsendQuery(session.raw(), sql.c_str()), 1);
    }
    replica_that_sleeps();
    // Its replay takes the lock away from the reader, at once.
    primary().tell("insert into gate values (1); alter table victim alter v set default 7");
    auto result = session.next();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->text(), "15") << result->message();
    EXPECT_FALSE(session.next());
    EXPECT_EQ(route_of(session).node, primary().name()) << "the other replica replays the same";
    EXPECT_EQ(retries.more(), 1);
  }
}

// The server had rows ready, and sends them with the error behind them.
TEST_F(rules, read_that_recovery_cancels_behind_its_first_rows_is_run_elsewhere) {
  primary().tell("truncate gate");
  lab->cluster().await_replay();
  const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "recovery_conflict"}});
  auto session = lab->connect();
  pending read(session, "select v, case when v > 2 then slow_until_gate(v) end from victim");
  replica_that_sleeps();
  primary().tell("insert into gate values (1); alter table victim alter v set default 8");
  const auto result = session.next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->rows(), 5) << result->message();
  EXPECT_FALSE(session.next());
  EXPECT_EQ(retries.more(), 1);
}

TEST_F(rules, read_whose_server_process_is_ended_is_run_elsewhere) {
  primary().tell("truncate gate");
  lab->cluster().await_replay();
  const counted retries(lab->proxy(), "highwater_retries_total", {{"cause", "connection_lost"}});
  auto session = lab->connect();
  pending read(session, "select sum(slow_until_gate(v)) from victim");
  const node& where = replica_that_sleeps();
  primary().tell("insert into gate values (1)");
  lab->cluster().await_replay();
  end_sleepers(where);
  const auto result = session.next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text(), "15") << result->message();
  EXPECT_NE(route_of(session).node, where.name());
  EXPECT_EQ(retries.more(), 1);
}

TEST_F(rules, read_is_run_elsewhere_once_and_no_more) {
  primary().tell("truncate gate");
  lab->cluster().await_replay();
  for (node* each : lab->cluster().replicas()) lab->await_known_fresh(*each);
  const counted retries(lab->proxy(), "highwater_retries_total");
  auto session = lab->connect();
  pending read(session, "select sum(slow_until_gate(v)) from victim");
  for (int i = 0; i < 2; ++i) end_sleepers(replica_that_sleeps());
  const auto result = session.next();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sqlstate(), "57P01") << result->message();
  EXPECT_FALSE(session.next());
  EXPECT_EQ(retries.more(), 1);
  EXPECT_EQ(session.scalar("select 1"), "1") << "the session goes on";
}

TEST_F(rules, write_that_is_interrupted_is_not_run_again) {
  primary().tell("truncate gate");
  lab->cluster().await_replay();
  const counted retries(lab->proxy(), "highwater_retries_total");
  auto session = lab->connect();
  pending write(session, "update checked set v = v + 1 where slow_until_gate(1) = 1");
  auto observer = primary().connect();
  const std::string running = "select pid from pg_stat_activity where wait_event = 'PgSleep'";
  await("the primary runs it", [&] { return observer.must(running).rows() == 1; });
  const auto before = observer.scalar(get());
  observer.must("insert into gate values (1)");
  observer.must("select pg_terminate_backend((" + running + "))");
  EXPECT_FALSE(write.take().ok());
  EXPECT_EQ(session.scalar("select 1"), "1") << "the session goes on";
  EXPECT_EQ(observer.scalar(get()), before);
  EXPECT_EQ(retries.more(), 0);
}

// Rule 22: who was served by the process before may have told others.
TEST_F(rules, causal_read_sees_what_was_told_before_the_process_started) {
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  {
    auto session = lab->connect();
    session.must(set_to(220, "register"));
  }
  highwater_config config(lab->cluster());
  config.set("consistency", "{level: causal, on_stale: primary}");
  const highwater_process restarted(config);
  restarted.await_ready();
  auto session = restarted.connect();
  const auto seen = read(session, get("register"));
  EXPECT_EQ(seen.value, "220") << seen.by.text;
}

// What a notification tells of, others can be told of too.
TEST_F(rules, notification_among_what_was_asked_for_a_sessions_sake_counts_as_told) {
  holding_relay relay(primary().port(), "SELECT pg_catalog.current_setting('work_mem'");
  highwater_config config(lab->cluster());
  std::string nodes = "{nodes: [";
  for (const auto& each : lab->cluster().nodes()) {
    const auto port = each.get() == &primary() ? relay.port() : each->port();
    nodes += "{name: " + each->name() + ", host: 127.0.0.1, port: " + std::to_string(port) + "}, ";
  }
  config.set("cluster", nodes + "], monitor: {user: highwater, database: postgres}}")
      .set("consistency", "{level: causal, on_stale: primary}");
  const highwater_process proxy(config);
  proxy.await_ready();
  auto listener = proxy.connect();
  listener.must("listen news");
  auto other = proxy.connect();
  await("a replica serves it", [&] { return read(other, get("register")).by.role == "replica"; });
  for (node* each : lab->cluster().replicas()) each->pause_replay();
  ASSERT_EQ(PQsendQuery(listener.raw(), "set work_mem = '5MB'"), 1);
  await("the settings are asked back", [&] { return relay.holds(); });
  const labels of_primary{{"node", primary().name()}};
  const auto before = proxy.metric("highwater_position_samples_total", of_primary);
  await("what was told before is one thing",
        [&] { return proxy.metric("highwater_position_samples_total", of_primary) >= before + 3; });
  primary().tell(set_to(230, "register") + "; notify news");
  relay.let_go();
  await("it is told", [&] {
    PQconsumeInput(listener.raw());
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> news(PQnotifies(listener.raw()), &PQfreemem);
    return news != nullptr;
  });
  const auto seen = read(other, get("register"));
  EXPECT_EQ(seen.value, "230") << seen.by.text;
}

// Rule 15
TEST_F(rules, replica_that_lets_nobody_in_fails_no_reads) {
  const auto hba = ahead().folder() / "pg_hba.conf";
  const auto before = read_file(hba);
  write_file(hba, "host all newcomer 127.0.0.1/32 reject\n" + before);
  primary().tell("create role newcomer login; grant select on register to newcomer");
  lab->cluster().await_replay();
  ahead().tell("select pg_reload_conf()");
  await("it lets nobody in", [&] {
    try {
      ahead().connect("postgres", "newcomer");
      return false;
    } catch (const pg::error&) {
      return true;
    }
  });
  for (int i = 0; i < 12; ++i) {
    auto session = lab->proxy().connect("postgres", "newcomer");
    const auto seen = read(session, get("register"));
    EXPECT_NE(seen.by.node, ahead().name());
  }
  write_file(hba, before);
  ahead().tell("select pg_reload_conf()");
}

}  // namespace
}  // namespace highwater::testing_support
