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

// Nobody has looked at its body. It is the one session's own business what it misses, and nobody else meets it.
TEST_F(pins_by_functions, whose_bodies_are_not_known_leave_nothing_to_others) {
  int number = 900;
  for (const auto& each : bodies()) {
    const auto name = "hidden_" + std::to_string(++number) + "()";
    primary().tell("create function " + name + " returns void language plpgsql as $$begin " + each.body + " end$$");
    {
      auto caller = client();
      EXPECT_EQ(sqlstate(caller.query("select " + name)), "") << each.what;
    }
    expect_nowhere(each.seen);
  }
}

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

TEST_F(pins_by_functions, for_all_code_that_a_write_reaches) {
  primary().tell(
      "create function takes() returns int language plpgsql as 'begin perform pg_advisory_lock(77); return 1; end';"
      "create function takes(int, int) returns int language plpgsql as 'begin return takes(); end';"
      "create function takes_and_fires() returns trigger language plpgsql as 'begin perform takes(); return null; end';"
      "create operator +! (leftarg = int, rightarg = int, function = takes);"
      "create domain taken as int check (value > 0 and takes() = 1);"
      "create table by_default (n int, d int default takes());"
      "create table by_check (n int check (takes() = 1));"
      "create table by_operator (n int check (n +! 1 = 1));"
      "create table by_domain (n taken);"
      "create table by_setting (n int, d text default set_config('hidden.setting', '1', false));"
      "create table by_partition (n int) partition by range (n);"
      "create table by_partition_1 partition of by_partition for values from (0) to (9);"
      "create trigger t after insert on by_partition_1 for each row execute function takes_and_fires();"
      "create table by_child (n int); create table child_of () inherits (by_child); insert into child_of values (1);"
      "create trigger t after update on child_of for each row execute function takes_and_fires();"
      "create table by_cascade (n int primary key); insert into by_cascade values (1);"
      "create table cascaded (n int references by_cascade on delete cascade); insert into cascaded values (1);"
      "create trigger t after delete on cascaded for each row execute function takes_and_fires();"
      "create table by_rule (n int); create rule r as on insert to by_rule do also select takes();"
      "create view by_view as select n, d from by_default;"
      "create table by_policy (n int); alter table by_policy enable row level security;"
      "create policy p on by_policy for insert with check (takes() = 1); create role plain;"
      "grant all on by_policy to plain; create table by_index (n int);"
      "create function looks_immutable(int) returns int language plpgsql immutable as 'begin return takes(); end';"
      "create index on by_index (looks_immutable(n));"
      "create aggregate takes_all (int) (sfunc = takes, stype = int, initcond = 0)");
  await_read("select count(*) from by_index");
  for (const std::string sql :
       {"insert into by_default (n) values (1)", "insert into by_check values (1)",
        "insert into by_operator values (1)", "insert into by_domain values (1)", "insert into by_partition values (1)",
        "update by_child set n = 2", "delete from by_cascade", "insert into by_rule values (1)",
        "insert into by_view (n) values (1)", "insert into by_index values (1)", "select takes_all(n) from t",
        "select n +! 1 from t", "select 1::taken", "set role plain; insert into by_policy values (1)"}) {
    SCOPED_TRACE(sql);
    {
      auto session = client();
      await_pinned(session, sql);
      EXPECT_NE(scalar(session, locks), "NULL");
      expect_not_elsewhere(locks);
    }
    await_none_pinned();
    expect_nowhere(locks);
  }
  {
    auto session = client();
    await_pinned(session, "insert into by_setting (n) values (1)");
    expect_not_elsewhere(setting);
  }
  await_none_pinned();
  auto session = client();
  for (const std::string sql :
       {"insert into t values (1)", "select count(*) from by_default", "select count(*) from by_policy"})
    session.query(sql);
  EXPECT_EQ(pinned(), 0) << "none of it is run";
}

// A FunctionCall names its function by its number. Text arguments, and a text result.
std::string function_call(std::uint32_t function, const std::vector<std::string>& arguments) {
  std::string body = raw::int32(function) + raw::int16(0) + raw::int16(static_cast<std::uint16_t>(arguments.size()));
  for (const auto& each : arguments) body += raw::int32(static_cast<std::uint32_t>(each.size())) + each;
  return raw::frame('F', body + raw::int16(0));
}

TEST_F(pins_by_functions, for_function_calls) {
  const auto number = [](const std::string& name) {
    return static_cast<std::uint32_t>(std::stoul(primary().ask("select '" + name + "'::regprocedure::oid")));
  };
  {
    auto session = client();
    ask(session, function_call(number("pg_advisory_lock(bigint)"), {"77"}));
    EXPECT_EQ(pinned(), 1);
    EXPECT_NE(scalar(session, locks), "NULL");
    expect_not_elsewhere(locks);
  }
  await_none_pinned();
  expect_nowhere(locks);
  {
    auto session = client();
    ask(session, function_call(number("set_config(text, text, boolean)"), {"hidden.setting", "1", "f"}));
    EXPECT_EQ(scalar(session, setting), "1");
    expect_not_elsewhere(setting);
  }
  await_none_pinned();
  expect_nowhere(setting);
  auto session = client();
  session.query("begin");
  ask(session, function_call(number("lo_create(oid)"), {"0"}));
  session.query("rollback");
  EXPECT_EQ(pinned(), 0) << "as drivers do for large objects";
}

TEST_F(pins_by_functions, for_settings_that_are_updated) {
  {
    auto session = client();
    session.query("update pg_settings set setting = '7777' where name = 'work_mem'");
    EXPECT_EQ(pinned(), 1);
    EXPECT_EQ(scalar(session, "show work_mem"), "7777kB");
    expect_not_elsewhere("select nullif(current_setting('work_mem'), '4MB')");
  }
  await_none_pinned();
  expect_nowhere("select nullif(current_setting('work_mem'), '4MB')");
}

TEST_F(pins_by_functions, are_none_for_sql_in_a_string_whose_connection_is_cleaned) {
  auto session = client();
  session.query("select query_to_xml('select set_config(''hidden.setting'', ''1'', false)', true, true, '')");
  EXPECT_EQ(pinned(), 0);
  expect_nowhere(setting);
}

// What is set for the transaction, the next message of it is read by.
TEST_F(pins_by_functions, are_none_for_texts_that_cannot_be_read_whose_connection_is_cleaned) {
  for (const std::string way : {"set local standard_conforming_strings = off",
                                "select set_config('standard_conforming_strings', 'off', true)"}) {
    auto session = client();
    session.query("begin");
    session.query(way);
    EXPECT_EQ(sqlstate(session.query("select '\\', ', set_config($$hidden.setting$$, $$1$$, false) --'")), "");
    session.query("commit");
    EXPECT_EQ(pinned(), 0);
    expect_nowhere(setting);
  }
}

// DISCARD ALL does not take these away.
TEST_F(pins_by_functions, of_what_only_its_end_takes_away_close_the_connection) {
  primary().tell(
      "create extension if not exists dblink; select pg_replication_origin_create('here');"
      "create function seeds() returns void language plpgsql as 'begin perform setseed(0.5); end';"
      "create table by_seed (n float default setseed(0.5)::text::float)");
  const auto conninfo = "host=127.0.0.1 user=postgres dbname=postgres port=" + std::to_string(primary().port());
  for (const auto& sql :
       {std::string("load 'auto_explain'"), std::string("select setseed(0.5)"),
        "select dblink_connect('there', '" + conninfo + "')",
        std::string("select pg_replication_origin_session_setup('here')"),
        std::string("select slot_name from pg_create_physical_replication_slot('short', false, true)"),
        std::string("select seeds()")}) {
    SCOPED_TRACE(sql);
    std::string backend;
    {
      auto session = client();
      await_pinned(session, sql);
      backend = scalar(session, "select pg_backend_pid()");
      session.query("discard all");
      session.query("select 1");
    }
    await("the connection has been closed",
          [&] { return primary().ask("select count(*) from pg_stat_activity where pid = " + backend) == "0"; });
  }
}

}  // namespace
}  // namespace highwater::testing_support
