// State that only one server connection has: the session keeps the connection, and nobody meets the state after it.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class pins : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) { config.set("pool", "{size: 2}"); });
    primary().tell("create table t (n int); insert into t select generate_series(1, 10)");
    served->cluster().await_replay();
  }

  static double counted(const std::string& reason) {
    return testing_direct() ? 0 : served->proxy().metric("highwater_pins_total", {{"reason", reason}});
  }
  static void expect_counted(const std::string& reason, double before) {
    if (!testing_direct()) {
      EXPECT_EQ(counted(reason), before + 1) << reason;
    }
  }
  // Both of the connections to the primary, one after the other and at the same time.
  static void expect_on_no_connection(const std::string& sql, const std::string& wanted) {
    auto one = client();
    auto other = client();
    for (auto* each : {&one, &other}) {
      each->query("begin");
      EXPECT_EQ(scalar(*each, sql), wanted);
    }
  }
  // While `holder` keeps one of the two.
  static void expect_on_no_connection_but(raw::client&, const std::string& sql, const std::string& wanted) {
    auto other = client();
    other.query("begin");
    EXPECT_EQ(scalar(other, sql), wanted);
  }
};

TEST_F(pins, temporary_tables) {
  const double before = counted("temporary_table");
  {
    auto session = client();
    EXPECT_EQ(sqlstate(session.query("create temporary table mine (n int)")), "");
    auto other = client();
    other.query("begin");
    EXPECT_EQ(sqlstate(other.query("select * from mine")), "42P01");
    other.query("rollback");
    session.query("insert into mine values (5)");
    for (int i = 0; i < 3; ++i) EXPECT_EQ(scalar(session, "select n from mine"), "5");
    EXPECT_EQ(value(ask(session, run_unnamed("select n from mine") + raw::sync())), "5");
    expect_counted("temporary_table", before);
  }
  expect_on_no_connection("select to_regclass('pg_temp.mine')", "NULL");
}

TEST_F(pins, temporary_tables_of_many_spellings) {
  for (const std::string how : {"create temp table x (n int)", "create table pg_temp.x (n int)",
                                "select 1 as n into temp x", "create temporary view x as select 1",
                                "create temporary sequence x", "create local temporary table x as select 1"}) {
    {
      auto session = client();
      ASSERT_EQ(sqlstate(session.query(how)), "") << how;
      EXPECT_NE(scalar(session, "select to_regclass('x')"), "NULL") << how;
    }
    expect_on_no_connection("select to_regclass('x')", "NULL");
  }
}

TEST_F(pins, notifications_are_delivered) {
  const double before = counted("listen");
  auto listener = client();
  EXPECT_EQ(sqlstate(listener.query("listen news")), "");
  expect_counted("listen", before);
  auto speaker = client();
  EXPECT_EQ(sqlstate(speaker.query("notify news, 'extra'")), "");
  const auto heard = listener.expect('A');
  EXPECT_THAT(heard.payload, testing::HasSubstr("news"));
  EXPECT_THAT(heard.payload, testing::HasSubstr("extra"));
  EXPECT_EQ(scalar(listener, "select 1"), "1");
}

TEST_F(pins, listening_ends_with_the_session) {
  {
    auto listener = client();
    listener.query("listen news");
  }
  expect_on_no_connection("select count(*) from pg_listening_channels()", "0");
}

TEST_F(pins, session_advisory_locks) {
  const double before = counted("advisory_lock");
  auto watcher = primary().connect();
  const std::string held = "select count(*) from pg_locks where locktype = 'advisory'";
  {
    auto session = client();
    EXPECT_EQ(sqlstate(session.query("select pg_advisory_lock(42)")), "");
    auto other = client();
    EXPECT_EQ(scalar(other, "select pg_try_advisory_lock(42)"), "f");
    EXPECT_EQ(watcher.scalar(held), "1");
    EXPECT_EQ(scalar(session, "select pg_advisory_unlock(42)"), "t");
    EXPECT_EQ(scalar(session, "select pg_try_advisory_lock(42)"), "t");
    EXPECT_EQ(watcher.scalar(held), "1");
  }
  await("the lock is gone with its session", [&] { return watcher.scalar(held) == "0"; });
  if (!testing_direct()) {
    EXPECT_EQ(counted("advisory_lock"), before + 3) << "one for each session, and one more after it had given it back";
  }
}

TEST_F(pins, cursors_with_hold) {
  const double before = counted("hold_cursor");
  {
    auto session = client();
    session.query("begin");
    EXPECT_EQ(sqlstate(session.query("declare c cursor with hold for select n from t order by n")), "");
    session.query("commit");
    auto other = client();
    EXPECT_EQ(scalar(other, "fetch c"), "34000");
    EXPECT_EQ(scalar(session, "fetch c"), "1");
    EXPECT_EQ(scalar(session, "fetch c"), "2");
    expect_counted("hold_cursor", before);
  }
  expect_on_no_connection("select count(*) from pg_cursors", "0");
}

TEST_F(pins, plain_cursors_last_as_long_as_their_transaction) {
  auto session = client();
  session.query("begin");
  session.query("declare c cursor for select n from t order by n");
  EXPECT_EQ(scalar(session, "fetch c"), "1");
  auto other = client();
  EXPECT_EQ(scalar(other, "select 1"), "1");
  EXPECT_EQ(scalar(session, "fetch c"), "2");
  session.query("commit");
  EXPECT_EQ(scalar(session, "fetch c"), "34000");
}

TEST_F(pins, libraries) {
  {
    auto session = client();
    EXPECT_EQ(sqlstate(session.query("load 'auto_explain'")), "");
    EXPECT_EQ(scalar(session, "show auto_explain.log_min_duration"), "-1");
  }
  auto next = client();
  EXPECT_EQ(scalar(next, "select 1"), "1");
}

TEST_F(pins, discard_all_lets_go) {
  auto one = client();
  auto two = client();
  for (auto* each : {&one, &two}) {
    each->query("create temporary table mine (n int)");
    each->query("listen news");
    each->query("select pg_advisory_lock(" + std::to_string(each == &one) + ")");
    each->query("set search_path = pg_temp");
  }
  // Both connections to the primary are taken; a third session can write only when one of them is free again.
  EXPECT_EQ(sqlstate(one.query("discard all")), "");
  auto third = client();
  third.query("begin");
  EXPECT_EQ(scalar(third, "insert into t values (11) returning n"), "11");
  EXPECT_EQ(scalar(third, "select to_regclass('pg_temp.mine')"), "NULL");
  EXPECT_EQ(scalar(third, "select count(*) from pg_listening_channels()"), "0");
  EXPECT_EQ(scalar(third, "show search_path"), "\"$user\", public");
  third.query("rollback");
  EXPECT_NE(scalar(two, "select to_regclass('pg_temp.mine')"), "NULL");
  EXPECT_EQ(scalar(one, "select to_regclass('pg_temp.mine')"), "NULL");
}

TEST_F(pins, discard_all_that_fails_lets_nothing_go) {
  auto session = client();
  session.query("create temporary table mine (n int)");
  session.query("begin");
  EXPECT_EQ(sqlstate(session.query("discard all")), "25001");
  session.query("rollback");
  auto other = client();
  other.query("begin");
  EXPECT_EQ(scalar(other, "select 1"), "1");
  EXPECT_EQ(scalar(session, "select count(*) from mine"), "0");
}

// Each reason is counted, and once for each session that has it.
TEST_F(pins, are_counted_by_reason) {
  PROXY_ONLY();
  const std::pair<const char*, const char*> rows[] = {
      {"create temp table counted (n int)", "temporary_table"},
      {"listen news", "listen"},
      {"select pg_advisory_lock(1)", "advisory_lock"},
      {"prepare counted as select 1", "prepared_statement"},
      {"load 'auto_explain'", "load_library"},
      {"select set_config(lower('WORK_MEM'), '1MB', false)", "dynamic_setting"},
      {"set session authorization postgres", "session_identity"},
  };
  for (const auto& [sql, reason] : rows) {
    const double before = counted(reason);
    const double pinned = served->proxy().metric("highwater_pinned_sessions");
    auto session = client();
    EXPECT_EQ(sqlstate(session.query(sql)), "") << sql;
    EXPECT_EQ(counted(reason), before + 1) << sql;
    EXPECT_EQ(served->proxy().metric("highwater_pinned_sessions"), pinned + 1) << sql;
    session.query("discard all");
    await("it is not pinned any more", [&] { return served->proxy().metric("highwater_pinned_sessions") == pinned; });
  }
}

// Where a name without a schema is made in the temporary one.
TEST_F(pins, temporary_tables_by_the_search_path) {
  using texts = std::vector<std::string>;
  for (const auto& how : {texts{"set search_path = pg_temp", "create table x (n int)"},
                          texts{"set search_path = pg_temp, public; create table x (n int)"},
                          texts{"set search_path = nowhere, pg_temp", "create view x as select 1"},
                          texts{"begin", "set local search_path = pg_temp", "create table x (n int)", "commit"},
                          texts{"begin", "set search_path = pg_temp", "select 1 as n into x", "commit"}}) {
    {
      auto session = client();
      for (const auto& sql : how) ASSERT_EQ(sqlstate(session.query(sql)), "") << sql;
      EXPECT_NE(scalar(session, "select to_regclass('pg_temp.x')"), "NULL") << how.back();
      expect_on_no_connection_but(session, "select to_regclass('pg_temp.x')", "NULL");
    }
    expect_on_no_connection("select to_regclass('pg_temp.x')", "NULL");
  }
}

// Whoever made it and took it back is an ordinary session again.
TEST_F(pins, end_with_what_they_were_for) {
  PROXY_ONLY();
  struct row {
    const char* reason;
    std::vector<std::string> made;
    std::vector<std::string> kept;  // these do not end it
    std::string ended;
  };
  const row rows[] = {
      {"hold_cursor",
       {"declare a cursor with hold for select n from t", "declare b cursor with hold for select n from t"},
       {"fetch 3 from a", "close a"},
       "close b"},
      {"hold_cursor", {"declare a cursor with hold for select n from t"}, {"fetch 3 from a"}, "close all"},
      {"advisory_lock",
       {"select pg_advisory_lock(1)", "select pg_advisory_lock(1)"},
       {"select pg_advisory_unlock(1)"},
       "select pg_advisory_unlock(1)"},
      {"advisory_lock", {"select pg_advisory_lock(1), pg_advisory_lock(2)"}, {}, "select pg_advisory_unlock_all()"},
      {"listen", {"listen a", "listen b"}, {"unlisten a"}, "unlisten *"},
      {"temporary_table",
       {"create temporary table x (n int)", "create temporary table y (n int)"},
       {"drop table x"},
       "drop table y"},
      {"temporary_table", {"begin; create temporary table x (n int)"}, {}, "rollback"},
      {"temporary_table", {"begin; create temporary table x (n int) on commit drop"}, {}, "commit"},
      {"listen", {"begin; listen a"}, {}, "rollback"},
      {"prepared_statement", {"prepare p as select 1"}, {"execute p"}, "deallocate p"},
  };
  const auto is_pinned = [](raw::client& session) {
    scalar(session, "select count(*) from t");
    return scalar(session, "show highwater.last_route").find("reason=pinned") != std::string::npos;
  };
  await_read("select count(*) from t");
  for (const auto& each : rows) {
    const auto before = counted(each.reason);
    auto session = client();
    for (const auto& sql : each.made) ASSERT_EQ(sqlstate(session.query(sql)), "") << sql;
    for (const auto& sql : each.kept) {
      ASSERT_EQ(sqlstate(session.query(sql)), "") << sql;
      EXPECT_TRUE(is_pinned(session)) << sql;
    }
    ASSERT_EQ(sqlstate(session.query(each.ended)), "") << each.ended;
    EXPECT_FALSE(is_pinned(session)) << each.reason << ": " << each.ended;
    EXPECT_EQ(counted(each.reason), before + 1) << each.reason;
    await("nobody is pinned", [] { return served->proxy().metric("highwater_pinned_sessions") == 0; });
  }
  expect_on_no_connection("select count(*) from pg_cursors where is_holdable", "0");
}

TEST_F(pins, made_behind_a_discard_all_in_the_same_batch) {
  {
    auto session = client();
    EXPECT_EQ(sqlstate(ask(session, run_unnamed("discard all") + run_unnamed("listen news") +
                                        run_unnamed("create temporary table mine (n int)") + raw::sync())),
              "");
    expect_on_no_connection_but(session, "select count(*) from pg_listening_channels()", "0");
    EXPECT_EQ(scalar(session, "select count(*) from mine"), "0");
  }
  expect_on_no_connection("select count(*) from pg_listening_channels()", "0");
}

TEST_F(pins, notifications_come_once) {
  PROXY_ONLY();
  auto session = client();
  session.query("listen news");
  auto notifier = primary().connect();
  constexpr int count = 300;
  std::string sent;
  for (int i = 0; i < count; ++i) {
    notifier.must("notify news, '" + std::to_string(i) + "'");
    session.send(raw::query("set work_mem = '" + std::to_string(64 + i) + "kB'"));
  }
  std::vector<std::string> seen;
  int answers = 0;
  while (answers < count || seen.size() < count) {
    const auto one = session.read_message();
    ASSERT_TRUE(one);
    answers += one->type == 'Z';
    if (one->type == 'A') seen.push_back(one->payload);
  }
  session.send(raw::query("select 1"));
  for (const auto& one : session.read_until_ready()) EXPECT_NE(one.type, 'A');
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace highwater::testing_support
