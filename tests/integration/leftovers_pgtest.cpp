// A server connection is handed on only when it is known what the server will still say: whatever a client leaves
// behind in it, half done, failed or skipped, the next one meets nothing of it. One connection for all, so that there
// always is a next one on it.

#include <algorithm>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class leftovers : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0, .roles = {{"dba"}, {"app"}}},
          [](highwater_config& config) { config.set("pool", "{size: 1, queue_timeout: 20s}"); });
    primary().tell("create table t (n int); insert into t values (1)");
    primary().tell("alter role dba superuser; grant dba to app; grant all on t to app");
  }

  static std::string execute_nothing() { return raw::execute("nope"); }
  static std::string text_of(const messages& answer) { return raw::types(answer); }
  // Somebody else finds a connection that works and holds nothing.
  static void expect_clean(const std::string& why) {
    auto next = client();
    EXPECT_EQ(scalar(next, "select 7"), "7") << why;
    EXPECT_EQ(scalar(next, "do $$begin end$$; select 8"), "8") << why;
    EXPECT_EQ(sqlstate(ask(next, raw::bind("", "") + raw::execute() + raw::sync())), "26000") << why;
    EXPECT_EQ(value(ask(next, raw::parse("fresh", "select 9") + run_named("fresh") + raw::sync())), "9") << why;
  }
};

// The error comes before the client has sent a Sync, or before the proxy has: the server listens to nothing else.
TEST_F(leftovers, of_exchanges_that_skip_to_a_sync_that_never_comes) {
  const std::string ways[] = {
      execute_nothing() + raw::query("select 1"),
      execute_nothing() + raw::query("do $$begin end$$"),
      execute_nothing() + raw::query("set work_mem = '1MB'"),
      execute_nothing() + raw::query("deallocate all"),
      execute_nothing() + raw::query("listen news"),
      execute_nothing() + raw::flush(),
      raw::query("begin") + execute_nothing() + raw::query("select 1"),
      run_unnamed("insert into t values (2)") + execute_nothing() + raw::query("select 1"),
      run_unnamed("insert into t values (2)") + raw::flush(),
      run_unnamed("select 1") + raw::query("select 1/0") + execute_nothing() + raw::query("select 2"),
  };
  for (const auto& way : ways) {
    for (int i = 0; i < 3; ++i) {
      auto session = client();
      session.send(way);
      if (i == 1) session.read_message();
      if (i == 2) session.reset();
    }
    expect_clean(raw::describe({way[0], way}));
  }
  EXPECT_EQ(primary().ask("select count(*) from t"), "1");
}

// The client's own Sync is answered, once, whatever came between the error and it.
TEST_F(leftovers, of_an_error_are_over_at_the_clients_sync) {
  for (const char* between :
       {"select 1", "set work_mem = '1MB'", "reset all", "deallocate all", "discard all", "begin"}) {
    for (const bool at_once : {true, false}) {
      auto session = client();
      const auto rest = raw::query(between) + raw::parse("s", "select 1") + raw::sync();
      session.send(execute_nothing() + (at_once ? rest : raw::flush()));
      EXPECT_EQ(session.expect('E').type, 'E') << between;
      if (!at_once) session.send(rest);
      const auto end = session.expect('Z');
      EXPECT_EQ(end.payload, "I") << between;
      EXPECT_EQ(sqlstate(ask(session, run_named("s") + raw::sync())), "26000") << between << ": it was skipped";
      EXPECT_EQ(scalar(session, "show work_mem"), "4MB") << between;
      EXPECT_EQ(scalar(session, "select 5"), "5");
    }
    expect_clean(between);
  }
}

TEST_F(leftovers, of_unnamed_statements_that_were_skipped) {
  {
    auto session = client();
    EXPECT_EQ(text_of(ask(session, run_unnamed("insert into t select 1 / (n - 1) from t") +
                                       run_unnamed("select 'skipped'") + raw::sync())),
              "12EZ");
  }
  expect_clean("the first has failed, the second was skipped");
  auto session = client();
  ask(session, raw::parse("", "select 'mine'") + raw::sync());
  ask(session, raw::bind("", "nonsense") + raw::parse("", "select 'skipped'") + raw::sync());
  EXPECT_EQ(value(ask(session, run_named("") + raw::sync())), "mine") << "what was skipped replaces nothing";
  expect_clean("a statement of its own was kept");
  EXPECT_EQ(value(ask(session, run_named("") + raw::sync())), "mine");
  ask(session, raw::parse("", "this fails") + raw::sync());
  EXPECT_EQ(sqlstate(ask(session, run_named("") + raw::sync())), "26000") << "what fails has replaced it";
}

// Nobody but a superuser can take it back; DISCARD ALL may.
TEST_F(leftovers, of_settings_that_the_next_one_may_not_reset) {
  const auto app = [] {
    raw::client made(served->port());
    EXPECT_EQ(sqlstate(made.log_in("app")), "");
    return made;
  };
  for (const bool at_once : {false, true}) {
    auto session = app();
    if (at_once) {
      session.query("set role dba; set log_min_duration_statement = 0; reset role");
    } else {
      session.query("set role dba");
      session.query("set log_min_duration_statement = 0");
      session.query("reset role");
    }
    EXPECT_EQ(scalar(session, "show log_min_duration_statement"), "0");
    EXPECT_EQ(scalar(session, "select current_user"), "app");
  }
  for (int i = 0; i < 3; ++i) {
    auto next = app();
    EXPECT_EQ(scalar(next, "show log_min_duration_statement"), "-1");
    EXPECT_EQ(scalar(next, "select n from t"), "1");
  }
}

TEST_F(leftovers, of_deallocate_all_are_what_comes_behind_it) {
  const std::string parse = raw::parse("s", "select n from t");
  struct row {
    const char* why;
    std::string batch;
    const char* left;  // the outcome of s
  };
  const row rows[] = {
      {"a Parse in the same Sync", run_unnamed("deallocate all") + raw::parse("s", "select n from t") + raw::sync(),
       "1"},
      {"bound and not executed", parse + raw::parse("", "deallocate all") + raw::bind("", "") + raw::sync(), "1"},
      {"discard all, with a Parse in the same Sync", run_unnamed("discard all") + parse + raw::sync(), "1"},
      {"the other way round", parse + run_unnamed("deallocate all") + raw::sync(), "26000"},
      {"in the middle", parse + run_unnamed("deallocate all") + parse + run_named("s") + raw::sync(), "1"},
      {"behind an error", parse + raw::sync() + execute_nothing() + run_unnamed("deallocate all") + raw::sync(), "1"},
      {"skipped as a Query", parse + raw::sync() + execute_nothing() + raw::query("deallocate all") + raw::sync(), "1"},
      {"refused",
       parse + raw::sync() + raw::query("begin; select 1/0") + raw::query("deallocate all") + raw::query("rollback"),
       "1"},
  };
  for (const auto& each : rows) {
    {
      auto session = client();
      session.send(each.batch + run_named("s") + raw::sync() + raw::query("select 'end'"));
      std::string outcome;
      for (bool end = false; !end;) {
        const auto answer = session.read_until_ready();
        end = value(answer) == "end";
        if (!end) outcome = sqlstate(answer).empty() ? value(answer) : sqlstate(answer);
      }
      EXPECT_EQ(outcome, each.left) << each.why;
    }
    for (int i = 0; i < 2; ++i) {
      auto other = client();
      const auto answer = ask(other, parse + run_named("s") + raw::sync());
      EXPECT_EQ(text_of(answer), "12DCZ") << each.why;
    }
    expect_clean(each.why);
  }
}

// Ending a name needs nothing that the statement behind it needs.
TEST_F(leftovers, of_names_that_are_ended_when_their_table_is_gone) {
  for (const bool extended : {false, true}) {
    auto session = client();
    session.query("create table vanishing (n int)");
    ask(session, raw::parse("s", "select * from vanishing") + raw::sync());
    session.query("drop table vanishing");
    auto other = client();
    other.query("discard all");  // the connection has it no more
    EXPECT_EQ(
        text_of(extended ? ask(session, run_unnamed("deallocate s") + raw::sync()) : session.query("deallocate s")),
        extended ? "12CZ" : "CZ");
    EXPECT_EQ(sqlstate(ask(session, run_named("s") + raw::sync())), "26000");
    EXPECT_EQ(sqlstate(session.query("deallocate s")), "26000");
    ask(session, raw::parse("s", "select 3") + raw::sync());
    EXPECT_EQ(value(ask(session, run_named("s") + raw::sync())), "3");
  }
}

TEST_F(leftovers, of_names_within_other_statements) {
  auto session = client();
  ask(session, raw::parse("s", "select n + 40 from t") + raw::parse("run", "execute s") +
                   raw::parse("end", "deallocate s") + raw::sync());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(text_of(ask(session, raw::describe_statement("run") + raw::sync())), "tTZ");
    EXPECT_EQ(value(ask(session, run_named("run") + raw::sync())), "41");
    expect_clean("another one between");
  }
  EXPECT_EQ(text_of(ask(session, run_named("end") + raw::sync())), "2CZ");
  EXPECT_EQ(sqlstate(ask(session, run_named("s") + raw::sync())), "26000");
  EXPECT_EQ(sqlstate(ask(session, run_named("run") + raw::sync())), "26000");
  EXPECT_EQ(sqlstate(ask(session, run_named("end") + raw::sync())), "26000");
  ask(session, raw::parse("s", "select n + 50 from t") + raw::sync());
  EXPECT_EQ(value(ask(session, run_named("run") + raw::sync())), "51");
}

TEST_F(leftovers, errors_name_a_statement_as_its_client_does) {
  auto session = client();
  ask(session, raw::parse("mine", "select 1") + raw::sync());
  const auto answer = ask(session, raw::parse("mine", "select 2") + raw::sync());
  EXPECT_EQ(sqlstate(answer), "42P05");
  EXPECT_EQ(raw::error_field(answer.front(), 'M'), "prepared statement \"mine\" already exists");
  EXPECT_EQ(sqlstate(ask(session, raw::parse("mine", "selec 2") + raw::sync())), "42601") << "the text comes first";
  EXPECT_EQ(value(ask(session, run_named("mine") + raw::sync())), "1");
}

// PostgreSQL says so where it runs a plan again. Here another connection has prepared it in between.
TEST_F(leftovers, of_descriptions_are_not_taken_for_those_of_the_table_as_it_is_now) {
  const std::string remake = "drop table if exists shape; create table shape (v int); insert into shape values (1)";
  const std::string change = "drop table shape; create table shape (v float4); insert into shape values (1)";
  for (const std::string name : {"s", ""}) {
    for (const bool write : {false, true}) {
      auto session = client();
      session.query(remake);
      const std::string sql = write ? "update shape set v = v + 1 returning v" : "select v from shape";
      ask(session, raw::parse(name, sql) + raw::describe_statement(name) + raw::sync());
      auto other = client();
      other.query("discard all");
      other.query(change);
      const auto answer = ask(session, run_named(name) + raw::sync());
      ASSERT_EQ(sqlstate(answer), "0A000") << name << " " << sql << ": " << describe_all(answer);
      const auto& error = *std::find_if(answer.begin(), answer.end(), [](const auto& one) { return one.type == 'E'; });
      EXPECT_EQ(raw::error_field(error, 'M'), "cached plan must not change result type");
      EXPECT_EQ(raw::error_field(error, 'R'), "RevalidateCachedQuery");
      EXPECT_EQ(scalar(other, "select v from shape"), "1") << "it has not been run";
      const auto surplus = raw::bind("", name, {"1"}) + raw::execute() + raw::sync();
      EXPECT_EQ(sqlstate(ask(session, surplus)), "08P01") << "a server counts parameters before it looks at tables";
      // As drivers do then.
      ask(session, (name.empty() ? std::string() : raw::close_statement(name)) + raw::parse(name, sql) + raw::sync());
      EXPECT_EQ(value(ask(session, run_named(name) + raw::sync())), write ? "2" : "1");
    }
  }
  primary().tell("drop table shape");
}

// One of ours stands for both.
TEST_F(leftovers, of_other_names_are_not_told_of) {
  auto session = client();
  for (const char* name : {"one", "two", "three"})
    ask(session, raw::parse(name, "select $1::text, 'shared by three'") + raw::sync());
  for (const char* name : {"one", "two", "three"}) {
    const auto answer = ask(session, run_named(name) + raw::sync());
    ASSERT_EQ(sqlstate(answer), "08P01") << describe_all(answer);
    EXPECT_EQ(raw::error_field(answer.front(), 'M'),
              "bind message supplies 0 parameters, but prepared statement \"" + std::string(name) + "\" requires 1");
  }
}

// Nor of what stood for one, where the statement that ended it is run again.
TEST_F(leftovers, of_what_has_been_ended_the_client_s_name_is_told) {
  auto session = client();
  ask(session, raw::parse("ended", "select 1") + raw::sync());
  const auto again = raw::bind("", "") + raw::execute() + raw::sync();
  EXPECT_EQ(raw::types(ask(session, raw::parse("", "deallocate ended") + again)), "12CZ");
  const auto answer = ask(session, again);
  EXPECT_EQ(raw::types(answer), "2EZ") << describe_all(answer);
  EXPECT_EQ(raw::error_field(answer[1], 'M'), "prepared statement \"ended\" does not exist");
}

// PostgreSQL finds out where it looks at the tables. Here the connection has lost the statement in between.
TEST_F(leftovers, that_cannot_be_prepared_again_fail_in_their_turn) {
  for (const std::string change : {"drop table turned", "alter table turned alter n type text"}) {
    auto session = client();
    session.query("create table turned (n int)");
    ask(session, raw::parse("s", "select n from turned") + raw::sync());
    auto other = client();
    other.query(change);
    const auto error = change.starts_with("drop") ? "42P01" : "0A000";
    const auto fails = [&](const std::string& bytes, const char* types) {
      const auto answer = ask(session, bytes + raw::sync());
      EXPECT_EQ(raw::types(answer), types) << change << ": " << describe_all(answer);
      EXPECT_EQ(sqlstate(answer), std::string_view(types).find('E') == std::string_view::npos ? "" : error);
    };
    const auto fails_elsewhere = [&](const std::string& bytes, const char* types) {
      other.query("discard all");
      fails(bytes, types);
    };
    const auto in_its_turn = run_unnamed("select 1") + run_named("s") + run_unnamed("select 2");
    fails_elsewhere(raw::describe_statement("s"), "tEZ");
    fails_elsewhere(run_named("s"), "EZ");
    fails_elsewhere(in_its_turn, "12DCEZ");
    fails_elsewhere(raw::parse("runs", "execute s"), "1Z");
    fails_elsewhere(raw::describe_statement("runs"), "tEZ");
    fails_elsewhere(run_named("runs"), "2EZ");
    fails_elsewhere(run_unnamed("execute s"), "12EZ");
    session.query("begin");
    fails_elsewhere(in_its_turn, "12DCEZ");
    EXPECT_EQ(session.query("rollback").back().payload, "I");
    other.query("discard all");
    session.query("begin");
    session.query("select 1");
    fails(in_its_turn, "12DCEZ");
    const auto refused = ask(session, run_named("s") + raw::sync());
    EXPECT_EQ(sqlstate(refused), "25P02");
    EXPECT_EQ(raw::error_field(refused.front(), 'R'), "exec_bind_message");
    EXPECT_EQ(session.query("rollback").back().payload, "I");
    EXPECT_EQ(value(ask(session, run_unnamed("select 3") + raw::sync())), "3");
    session.query("drop table if exists turned");
  }
}

}  // namespace
}  // namespace highwater::testing_support
