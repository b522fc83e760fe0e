// A connection that lacks a client's statement is given it first, and what may happen to the client happens in the
// middle of that too. One worker and one connection, which keeps one statement.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class preparing : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) {
      config.set("workers", "1");
      config.set("pool", "{size: 1, max_prepared_statements: 1, queue_timeout: 60s}");
    });
    primary().tell("create table t (n int); insert into t values (1)");
    await_read("select n from t");
  }

  // It has statements of these names, and the connection has none.
  static raw::client unprepared(const std::vector<std::pair<std::string, std::string>>& statements) {
    auto session = client();
    for (const auto& [name, sql] : statements)
      EXPECT_EQ(sqlstate(ask(session, raw::parse(name, sql) + raw::sync())), "") << sql;
    forget_all();
    return session;
  }
  static void forget_all() {
    auto other = client();
    EXPECT_EQ(sqlstate(other.query("discard all")), "");
  }
  static std::string waits_for_more() {
    return primary().ask(
        "select count(*) from pg_stat_activity where state <> 'idle' and (query like 'execute%' or "
        "query like 'select n from t%')");
  }
  static std::string blocked() {
    return primary().ask("select coalesce(max(pid), 0) from pg_stat_activity where wait_event_type = 'Lock'");
  }
  // Nobody reads the table before this one is asked to.
  static pg::connection locking() {
    auto lock = primary().connect();
    lock.must("begin; lock table t in access exclusive mode");
    return lock;
  }
  static void await_blocked() {
    await("it waits for the lock", [] { return blocked() != "0"; });
  }
  static void ask_to_cancel(const raw::client& of) {
    raw::client messenger(served->port());
    messenger.send(raw::cancel_request(of.backend_pid(), of.cancel_key()));
    EXPECT_TRUE(messenger.closed_within());
  }
};

TEST_F(preparing, loses_its_server) {
  PROXY_ONLY();
  auto session = unprepared({{"s", "select n from t"}});
  auto lock = locking();
  session.send(run_named("s") + raw::sync());
  await_blocked();
  const auto server = blocked();
  primary().tell("select pg_terminate_backend(" + server + ")");
  await("it is gone", [&] { return blocked() != server; });
  lock.must("rollback");
  const auto answer = session.read_until_ready();
  EXPECT_EQ(value(answer), "1") << describe_all(answer);
}

// Once on another connection, and not for ever.
TEST_F(preparing, loses_its_server_twice) {
  PROXY_ONLY();
  auto session = unprepared({{"s", "select n from t"}});
  auto lock = locking();
  session.send(run_named("s") + raw::sync());
  std::string server = "0";
  for (int i = 0; i < 2; ++i) {
    await("it waits for the lock, with another server", [&] { return blocked() != server && blocked() != "0"; });
    server = blocked();
    primary().tell("select pg_terminate_backend(" + server + ")");
  }
  const auto answer = session.read_until_ready();
  lock.must("rollback");
  EXPECT_EQ(sqlstate(answer), "08006") << describe_all(answer);
  EXPECT_EQ(scalar(session, "select 5"), "5");
}

// What names another statement is prepared for the names of the moment, and sent then.
TEST_F(preparing, an_execute_whose_end_does_not_come) {
  auto session = client();
  ask(session, raw::parse("s", "select n from t") + raw::sync());
  ask(session, raw::parse("runs", "execute s") + raw::sync());
  for (const auto& run : {run_named("runs"), raw::parse("", "execute s") + raw::bind("", "") + raw::execute()}) {
    session.send(run);
    await("it has come to the server", [] { return waits_for_more() != "0"; });
    const auto answer = ask(session, raw::sync());
    EXPECT_EQ(value(answer), "1") << describe_all(answer);
  }
}

// What has been sent as far as it had come ends with a statement of its own.
TEST_F(preparing, for_a_query_behind_what_was_sent_as_it_came) {
  auto session = unprepared({{"s", "select 'second'"}});
  struct row {
    std::string then;
    std::vector<std::string> values;
    std::string failure;
  };
  const row rows[] = {
      {raw::query("execute s"), {"1", "second"}, ""},
      {raw::query("deallocate nothing; execute s"), {"1"}, "26000"},
      {run_unnamed("deallocate s") + raw::query("execute s"), {"1"}, "26000"},
  };
  for (const auto& each : rows) {
    session.send(run_unnamed("select n from t"));
    await("it has come to the server", [] { return waits_for_more() != "0"; });
    session.send(each.then);
    const auto answer = session.read_until_ready();
    EXPECT_EQ(values(answer), each.values) << describe_all(answer);
    EXPECT_EQ(sqlstate(answer), each.failure) << describe_all(answer);
    EXPECT_EQ(scalar(session, "select 5"), "5");
  }
}

// Nothing is looked for what is refused in any case.
TEST_F(preparing, nothing_for_a_query_in_a_transaction_that_has_failed) {
  auto session = unprepared({{"s", "select n from t"}});
  session.query("begin");
  session.query("select 1/0");
  const auto answer = session.query("execute s");
  ASSERT_EQ(sqlstate(answer), "25P02");
  EXPECT_EQ(raw::error_field(answer.front(), 'R'), "exec_simple_query");
  EXPECT_EQ(sqlstate(session.query("rollback")), "");
  EXPECT_EQ(scalar(session, "execute s"), "1");
}

// ... which is looked at as if it had come alone.
TEST_F(preparing, what_a_query_sets_behind_what_was_sent_as_it_came) {
  auto session = client();
  session.send(run_unnamed("select n from t"));
  await("it has come to the server", [] { return waits_for_more() != "0"; });
  EXPECT_EQ(sqlstate(ask(session, raw::query("set work_mem = '77kB'"))), "");
  forget_all();
  EXPECT_EQ(scalar(session, "show work_mem"), "77kB");
}

TEST_F(preparing, is_cancelled) {
  auto session = unprepared({{"s", "select n from t"}});
  const auto lock = locking();
  session.send(run_named("s") + raw::sync());
  await_blocked();
  ask_to_cancel(session);
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
}

TEST_F(preparing, is_cancelled_once_for_all_that_the_batch_needs) {
  auto session = unprepared({{"a", "select n from t"}, {"b", "select n + 1 from t"}});
  const auto lock = locking();
  session.send(run_named("a") + run_named("b") + raw::sync());
  await_blocked();
  ask_to_cancel(session);
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
}

// An unnamed statement that names another one is prepared again behind anybody else's, whatever rows that had.
TEST_F(preparing, an_unnamed_execute_behind_others) {
  auto session = client();
  ask(session, raw::parse("s", "select n from t") + raw::sync());
  ask(session, raw::parse("", "execute s") + raw::sync());
  auto other = client();
  for (const auto* sql : {"select 1, 2", "select 1, 2, 3", "select 'a'"}) {
    ask(other, raw::parse("", sql) + raw::describe_statement("") + raw::sync());
    const auto answer = ask(session, raw::bind("", "") + raw::execute() + raw::sync());
    EXPECT_EQ(value(answer), "1") << sql << ": " << describe_all(answer);
  }
}

// Room is made by a Close: behind an error neither it nor the Parse that it was made for is done.
TEST_F(preparing, behind_a_close_and_a_parse_that_were_passed_over) {
  auto session = client();
  const std::string one = "select n from t where n = 1", two = "select n from t where n < 2";
  ask(session, raw::parse("a", one) + raw::sync());
  EXPECT_EQ(value(ask(session, run_named("a") + raw::sync())), "1");
  const auto failed =
      ask(session, raw::bind("", "nonsense") + raw::parse("b", two) + raw::parse("c", one) + raw::sync());
  EXPECT_EQ(sqlstate(failed), "26000");
  EXPECT_EQ(value(ask(session, run_named("a") + raw::sync())), "1");
  EXPECT_EQ(sqlstate(ask(session, raw::parse("d", two) + raw::sync())), "");
  EXPECT_EQ(value(ask(session, run_named("d") + raw::sync())), "1");
  EXPECT_EQ(value(ask(session, run_named("a") + raw::sync())), "1");
}

// No Sync has ended what is before the Query.
TEST_F(preparing, for_a_query_behind_an_open_exchange) {
  auto session = unprepared({{"s", "select n from t"}});
  session.send(run_unnamed("select 'first'") + raw::query("execute s"));
  EXPECT_EQ(values(session.read_until_ready()), (std::vector<std::string>{"first", "1"}));
}

TEST_F(preparing, fails_for_a_query_behind_an_open_exchange) {
  primary().tell("create table gone (n int)");
  auto session = unprepared({{"s", "select n from gone"}});
  primary().tell("drop table gone");
  session.send(run_unnamed("select 'first'") + raw::query("execute s"));
  const auto answer = session.read_until_ready();
  EXPECT_NE(sqlstate(answer), "") << describe_all(answer);
  EXPECT_EQ(scalar(session, "select 5"), "5");
}

TEST_F(preparing, is_not_done_for_a_query_that_is_refused_behind_an_open_exchange) {
  PROXY_ONLY();
  auto session = client();
  session.send(run_unnamed("select 'first'") + raw::query("show highwater.last_route; select 1"));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "0A000");
  EXPECT_EQ(scalar(session, "select 5"), "5");
}

// Making room for one must not take what the same batch uses.
TEST_F(preparing, more_than_the_connection_keeps) {
  auto session = client();
  constexpr int count = 12;
  const auto name = [](int i) { return "s" + std::to_string(i % count); };
  for (int i = 0; i < count; ++i)
    ask(session, raw::parse(name(i), "select n + " + std::to_string(i) + " from t") + raw::sync());
  for (const int first : {1, 5, 0}) {
    std::string run;
    std::vector<std::string> expected;
    for (int i = first; i < first + count; ++i) {
      run += run_named(name(i));
      expected.push_back(std::to_string(1 + i % count));
    }
    const auto answer = ask(session, run + raw::sync());
    EXPECT_EQ(values(answer), expected) << describe_all(answer);
  }
  PROXY_ONLY();
  EXPECT_EQ(scalar(session, "select count(*) from pg_prepared_statements where name <> ''"), "1") << "not for longer";
}

// One that fails ends the batch, and nothing behind it is tried: a round for each would take minutes.
TEST_F(preparing, tries_nothing_behind_what_fails) {
  PROXY_ONLY();
  primary().tell("create table gone (n int)");
  auto session = client();
  constexpr int count = 50;
  std::string all, run;
  for (int i = 0; i < count; ++i) {
    const auto name = "g" + std::to_string(i);
    all += raw::parse(name, "select n from gone where n = " + std::to_string(i));
    run += run_named(name);
  }
  EXPECT_EQ(sqlstate(ask(session, all + raw::sync())), "");
  forget_all();
  primary().tell("drop table gone");
  EXPECT_EQ(sqlstate(ask(session, run + raw::sync())), "42P01");
  const auto log = primary().log();
  int failures = 0;
  for (auto at = log.find("from gone where"); at != std::string::npos; at = log.find("from gone where", at + 1))
    ++failures;
  EXPECT_GE(failures, 1) << "the log tells statements that fail";
  EXPECT_LE(failures, 2);
}

}  // namespace
}  // namespace highwater::testing_support
