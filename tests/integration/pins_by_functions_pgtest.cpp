// State that a function makes in its body: whoever calls it keeps the connection, as if the statement had been the
// client's own.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

struct function_body {
  const char* what;
  const char* body;  // in plpgsql
  const char* seen;  // NULL where there is nothing of it
};

class pins_by_functions : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) { config.set("pool", "{size: 2}"); });
    primary().tell("create table t (n int); insert into t select generate_series(1, 10)");
  }
  void SetUp() override { PROXY_ONLY(); }

  static constexpr const char* locks =
      "select nullif(count(*), 0) from pg_locks where locktype = 'advisory' and pid = "
      "pg_backend_pid()";
  static constexpr const char* temporary = "select to_regclass('pg_temp.hidden_table')";
  static constexpr const char* channels = "select max(c) from pg_listening_channels() c";
  static constexpr const char* setting = "select nullif(current_setting('hidden.setting', true), '')";

  static const std::vector<function_body>& bodies() {
    static const std::vector<function_body> all = {
        {"a lock", "perform pg_advisory_lock(77);", locks},
        {"a lock that is tried for", "perform pg_try_advisory_lock_shared (77, 1);", locks},
        {"a temporary table", "create  temporary\ntable hidden_table (n int);", temporary},
        {"one that is made dynamically", "execute 'create temp table hidden_table (n int)';", temporary},
        {"one by its schema", "create table pg_temp.hidden_table (n int);", temporary},
        {"a channel", "LISTEN news;", channels},
        {"a channel of a computed name", "execute 'listen ' || 'news';", channels},
        {"a setting", "perform set_config('hidden.setting', '1', false);", setting},
        {"a setting besides a local one",
         "perform set_config('hidden.local', '1', true), set_config('hidden.setting', '1', false);", setting},
        {"a setting by SET", "if true then set hidden.setting = '1'; end if;", setting},
        {"a setting by a dynamic SET", "execute 'set hidden.setting to 1';", setting},
    };
    return all;
  }
  // Returns a call of it. Each has a name of its own, so that it is not taken for the one before.
  static std::string define(const std::string& body, int number) {
    const auto name = "hidden_" + std::to_string(number) + "()";
    client().query("create function " + name + " returns void language plpgsql as $$begin " + body + " end$$");
    return "select " + name;
  }
  static double pinned() { return served->proxy().metric("highwater_pinned_sessions"); }
  static void await_none_pinned() {
    await("the session has gone", [] { return pinned() == 0; });
  }
  // Both connections.
  static void expect_nowhere(const std::string& sql) {
    auto one = client();
    auto other = client();
    for (auto* each : {&one, &other}) {
      each->query("begin");
      EXPECT_EQ(scalar(*each, sql), "NULL");
    }
  }
  // The one that is left.
  static void expect_not_elsewhere(const std::string& sql) {
    auto other = client();
    other.query("begin");
    EXPECT_EQ(scalar(other, sql), "NULL");
  }
  // The proxy knows the body by now.
  static void await_pinned(raw::client& session, const std::string& sql) {
    await("it is known what it does: " + sql, [&] {
      EXPECT_EQ(sqlstate(session.query(sql)), "") << sql;
      if (pinned() > 0) return true;
      session.query("discard all");
      return false;
    });
  }
};

TEST_F(pins_by_functions, for_what_their_bodies_make) {
  int number = 0;
  for (const auto& [what, body, seen] : bodies()) {
    SCOPED_TRACE(what);
    const auto call = define(body, ++number);
    {
      auto session = client();
      await_pinned(session, call);
      EXPECT_NE(scalar(session, seen), "NULL");
      expect_not_elsewhere(seen);
      EXPECT_NE(scalar(session, seen), "NULL") << "still";
    }
    await_none_pinned();
    expect_nowhere(seen);
  }
}

TEST_F(pins_by_functions, for_what_others_make_that_they_call_and_triggers) {
  primary().tell(
      "create table watched (n int); create function hidden() returns void "
      "language sql as "
      "'select pg_advisory_lock(77)';"
      "create function calls_hidden() returns int language plpgsql as 'begin perform hidden(); return 1; end';"
      "create procedure calls_it_too() language plpgsql as 'begin perform calls_hidden (); end';"
      "create function on_write() returns trigger language plpgsql as 'begin perform calls_hidden(); return new; end';"
      "create trigger on_write before insert on watched for each row execute function on_write()");
  for (const std::string sql : {"select calls_hidden()", "call calls_it_too()", "insert into watched values (1)",
                                "with w as (insert into watched values (1) returning n) select n from w"}) {
    {
      auto session = client();
      await_pinned(session, sql);
      EXPECT_NE(scalar(session, locks), "NULL") << sql;
      expect_not_elsewhere(locks);
    }
    await_none_pinned();
    expect_nowhere(locks);
  }
  auto session = client();
  session.query("select count(*) from watched");
  EXPECT_EQ(pinned(), 0) << "it is only read";
}

TEST_F(pins_by_functions, are_none_for_what_ends_with_the_transaction) {
  int number = 100;
  for (const std::string body :
       {"perform pg_advisory_xact_lock(77);", "perform set_config('hidden.setting', coalesce(null, '1'), true );",
        "set local hidden.setting = '1';", "create temp table hidden_table on commit drop as select 1;",
        "update t set n = n;", "-- prepare to listen to the load, discard the temp\n perform 1;"}) {
    const auto call = define(body, ++number);
    auto session = client();
    await("it is known", [&] {
      session.query(call);
      return scalar(session, "show highwater.last_route").find("unknown_name") == std::string::npos;
    });
    EXPECT_EQ(sqlstate(session.query(call)), "") << body;
    EXPECT_EQ(pinned(), 0) << body;
  }
}

}  // namespace
}  // namespace highwater::testing_support
