// Prepared statements in transaction pooling: each session has names of its own, whichever connections it is given.

#include <set>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class prepared : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1},
          [](highwater_config& config) { config.set("pool", "{size: 2, max_prepared_statements: 20}"); });
    primary().tell("create table t (n int); insert into t select generate_series(1, 10)");
    served->cluster().await_replay();
  }

  static messages prepare(raw::client& on, std::string_view name, std::string_view sql) {
    return ask(on, raw::parse(name, sql) + raw::sync());
  }
  static messages run(raw::client& on, std::string_view name) { return ask(on, run_named(name) + raw::sync()); }
  // Value or SQLSTATE.
  static std::string outcome(raw::client& on, std::string_view name) {
    const auto answer = run(on, name);
    const auto error = sqlstate(answer);
    return error.empty() ? value(answer) : error;
  }
  static std::string told(raw::client& on, std::string_view sql) { return sqlstate(on.query(sql)); }
};

// Settings are applied with a simple Query, which ends the server's unnamed statement.
TEST_F(prepared, unnamed_one_outlives_other_sessions_on_its_connection) {
  auto session = client();
  for (int i = 0; i < 4; ++i) {
    ask(session, raw::parse("", "select count(*) from t") + raw::sync());
    std::vector<raw::client> others;
    for (int k = 0; k < 4; ++k) {
      others.push_back(client({{"application_name", "other" + std::to_string(k)}}));
      prepare(others.back(), "s", "select count(*) from t where n > 5");
      EXPECT_EQ(outcome(others.back(), "s"), "5") << "and no Query of its own";
    }
    EXPECT_EQ(value(ask(session, raw::bind("", "") + raw::execute() + raw::sync())), "10");
  }
}

// Connections go from worker to worker, and the statement with them.
TEST_F(prepared, unnamed_ones_of_sessions_on_different_workers) {
  const highwater_process proxy(highwater_config(served->cluster()).set("pool", "{size: 1}"));
  proxy.await_ready();
  std::vector<raw::client> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.emplace_back(proxy.port());
    sessions.back().log_in();
    ask(sessions.back(), raw::parse("", "select " + std::to_string(i) + " from t limit 1") + raw::sync());
  }
  for (int i = 0; i < 4; ++i) {
    auto& session = sessions[static_cast<std::size_t>(i)];
    EXPECT_EQ(value(ask(session, raw::bind("", "") + raw::execute() + raw::sync())), std::to_string(i));
  }
}

TEST_F(prepared, unnamed_one_that_the_server_skipped_is_nobody_elses) {
  for (int i = 0; i < 3; ++i) {
    auto other = client();
    ask(other, raw::parse("", "select 'not yours' from t limit 1") + raw::sync());
    auto session = client();
    EXPECT_NE(sqlstate(ask(session, raw::parse("a", "select nonsense") +
                                        raw::parse("", "select 'mine' from t limit 1") + raw::sync())),
              "");
    EXPECT_NE(value(ask(session, raw::bind("", "") + raw::execute() + raw::sync())), "not yours");
  }
}

// The server says it of what it has been asked to do: nothing may be prepared anew in a transaction that has failed.
TEST_F(prepared, unnamed_one_is_still_there_behind_one_that_the_server_skipped) {
  auto session = client();
  session.query("begin");
  ask(session, run_unnamed("select 1/0") + raw::parse("", "select 2") + raw::sync());
  const auto told = ask(session, raw::bind("", "") + raw::sync());
  ASSERT_EQ(sqlstate(told), "25P02");
  EXPECT_EQ(raw::error_field(told.front(), 'R'), "exec_bind_message");
  session.query("rollback");
  EXPECT_EQ(sqlstate(ask(session, raw::bind("", "") + raw::execute() + raw::sync())), "26000")
      << "a Query has ended it";
}

// Its connection has the text already, which makes no difference.
TEST_F(prepared, none_is_made_in_a_transaction_that_has_failed) {
  auto session = client();
  prepare(session, "known", "select 42 from t");
  session.query("begin");
  session.query("select 1/0");
  EXPECT_EQ(sqlstate(prepare(session, "late", "select 42 from t")), "25P02");
  session.query("rollback");
  EXPECT_EQ(sqlstate(run(session, "late")), "26000");
  const auto later = raw::parse("later", "select 42 from t") + raw::sync();
  for (const auto& fails : {raw::query("begin") + raw::query("select 1/0"), raw::query("begin; select 1/0"),
                            run_unnamed("begin") + raw::sync() + run_unnamed("select 1/0") + raw::sync()}) {
    session.send(fails + later + raw::query("rollback"));
    std::vector<std::string> told;
    while (told.empty() || told.back() != "ROLLBACK") {
      const auto answer = session.read_until_ready();
      const auto error = sqlstate(answer);
      told.push_back(!error.empty() ? error : answer.front().payload.c_str());
    }
    EXPECT_EQ(told.at(told.size() - 2), "25P02");
    EXPECT_EQ(sqlstate(run(session, "later")), "26000");
  }
}

// The server has passed over the first Parse of the text, and not the second.
TEST_F(prepared, one_of_the_same_text_behind_an_error) {
  auto session = client();
  session.send(raw::parse("", "select nonsense") + raw::parse("a", "select 41 + count(*) from t") + raw::sync() +
               raw::parse("b", "select 41 + count(*) from t") + run_named("b") + raw::sync());
  EXPECT_NE(sqlstate(session.read_until_ready()), "");
  EXPECT_EQ(value(session.read_until_ready()), "51");
}

// The server holds as many as it may; the Close that would have made room for one more is skipped with it.
TEST_F(prepared, failure_on_a_full_connection_hurts_nobody) {
  auto session = client();
  constexpr int count = 25;
  const auto name = [](int i) { return "full" + std::to_string(i); };
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(raw::types(prepare(session, name(i), "select " + std::to_string(i) + " + count(*) from t")), "1Z");
    EXPECT_EQ(outcome(session, name(i)), std::to_string(i + 10));
  }
  for (int i = 0; i < 5; ++i) EXPECT_NE(sqlstate(prepare(session, "bad" + std::to_string(i), "select nonsense")), "");
  for (int i = 0; i < count; ++i) EXPECT_EQ(outcome(session, name(i)), std::to_string(i + 10));
}

TEST_F(prepared, names_of_sessions_never_collide) {
  constexpr int count = 12;
  std::vector<raw::client> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.push_back(client());
    const auto number = std::to_string(i);
    EXPECT_EQ(raw::types(prepare(sessions.back(), "read", "select n * 100 + " + number + " from t where n = 1")), "1Z");
    EXPECT_EQ(raw::types(prepare(sessions.back(), "write", "update t set n = n where n = 1 returning " + number)),
              "1Z");
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < count; ++i)
      sessions[static_cast<std::size_t>(i)].send(run_named("read") + run_named("write") + raw::sync());
    for (int i = 0; i < count; ++i) {
      const auto answer = sessions[static_cast<std::size_t>(i)].read_until_ready();
      EXPECT_THAT(values(answer), testing::ElementsAre(std::to_string(100 + i), std::to_string(i)))
          << describe_all(answer);
    }
  }
}

TEST_F(prepared, equal_texts_with_other_parameter_types_are_other_statements) {
  constexpr std::uint32_t int4 = 23, text = 25;
  auto one = client();
  auto other = client();
  ask(one, raw::parse("s", "select pg_typeof($1)", {int4}) + raw::sync());
  ask(other, raw::parse("s", "select pg_typeof($1)", {text}) + raw::sync());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(value(ask(one, run_named("s", {"1"}) + raw::sync())), "integer");
    EXPECT_EQ(value(ask(other, run_named("s", {"1"}) + raw::sync())), "text");
  }
}

TEST_F(prepared, run_on_replicas_and_on_the_primary) {
  auto session = client();
  prepare(session, "s", "select count(*) > 0 from t");
  EXPECT_EQ(outcome(session, "s"), "t");
  session.query("begin");
  EXPECT_EQ(outcome(session, "s"), "t");
  session.query("insert into t values (11)");
  EXPECT_EQ(outcome(session, "s"), "t");
  session.query("rollback");
  EXPECT_EQ(outcome(session, "s"), "t");
}

TEST_F(prepared, unknown_and_duplicate_names_are_refused) {
  auto session = client();
  EXPECT_EQ(outcome(session, "nobody"), "26000");
  prepare(session, "twice", "select 1");
  EXPECT_EQ(sqlstate(prepare(session, "twice", "select 2")), "42P05");
  EXPECT_EQ(outcome(session, "twice"), "1");
  auto other = client();
  EXPECT_EQ(outcome(other, "twice"), "26000");
  EXPECT_EQ(outcome(other, "_highwater_1"), "26000");
}

TEST_F(prepared, a_name_exists_only_after_its_parse_succeeded) {
  auto session = client();
  EXPECT_EQ(sqlstate(prepare(session, "s", "select nothing from nowhere")), "42P01");
  EXPECT_EQ(outcome(session, "s"), "26000");
  const auto skipped = ask(session, run_unnamed("select 1/0") + raw::parse("skipped", "select 1") + raw::sync());
  EXPECT_EQ(sqlstate(skipped), "22012");
  EXPECT_EQ(outcome(session, "skipped"), "26000");
  EXPECT_EQ(raw::types(prepare(session, "skipped", "select 2")), "1Z");
  EXPECT_EQ(outcome(session, "skipped"), "2");
}

TEST_F(prepared, a_close_that_was_skipped_leaves_the_statement) {
  auto session = client();
  prepare(session, "s", "select 3");
  EXPECT_EQ(sqlstate(ask(session, run_unnamed("select 1/0") + raw::close_statement("s") + raw::sync())), "22012");
  EXPECT_EQ(outcome(session, "s"), "3");
}

TEST_F(prepared, close_and_prepare_anew_in_one_batch) {
  auto session = client();
  prepare(session, "s", "select 1");
  for (int i = 2; i < 6; ++i) {
    const auto number = std::to_string(i);
    EXPECT_EQ(raw::types(ask(session, raw::close_statement("s") + raw::parse("s", "select " + number) + run_named("s") +
                                          raw::close_statement("none") + raw::sync())),
              "312DC3Z");
    EXPECT_EQ(outcome(session, "s"), number);
  }
}

TEST_F(prepared, deallocate_ends_a_name_for_its_session_only) {
  auto session = client();
  auto other = client();
  for (auto* each : {&session, &other}) {
    prepare(*each, "s", "select 7");
    prepare(*each, "Mixed Case", "select 8");
    EXPECT_EQ(outcome(*each, "s"), "7");
  }
  EXPECT_EQ(raw::types(session.query("deallocate s")), "CZ");
  EXPECT_EQ(outcome(session, "s"), "26000");
  EXPECT_EQ(told(session, "deallocate s"), "26000");
  EXPECT_EQ(told(session, "DEALLOCATE PREPARE \"Mixed Case\""), "");
  EXPECT_EQ(outcome(session, "Mixed Case"), "26000");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(outcome(other, "s"), "7");
    EXPECT_EQ(outcome(other, "Mixed Case"), "8");
  }
  EXPECT_EQ(raw::types(prepare(session, "s", "select 9")), "1Z");
  EXPECT_EQ(outcome(session, "s"), "9");
}

TEST_F(prepared, deallocate_of_a_statement_that_this_connection_never_saw) {
  std::vector<raw::client> sessions;
  for (int i = 0; i < 6; ++i) {
    sessions.push_back(client());
    prepare(sessions.back(), "seen_elsewhere", "select " + std::to_string(i) + " + count(*) - count(*) from t");
    EXPECT_EQ(outcome(sessions.back(), "seen_elsewhere"), std::to_string(i));
  }
  for (auto& each : sessions) EXPECT_EQ(told(each, "deallocate seen_elsewhere"), "");
}

TEST_F(prepared, deallocate_in_the_extended_protocol) {
  auto session = client();
  prepare(session, "s", "select 1");
  EXPECT_EQ(raw::types(ask(session, run_unnamed("deallocate s") + raw::sync())), "12CZ");
  EXPECT_EQ(outcome(session, "s"), "26000");
}

TEST_F(prepared, a_name_is_free_for_what_is_pipelined_behind_its_deallocate) {
  auto session = client();
  prepare(session, "s", "select 1");
  EXPECT_EQ(outcome(session, "s"), "1");
  session.send(raw::query("deallocate s") + raw::parse("s", "select 2") + run_named("s") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(value(session.read_until_ready()), "2");
  EXPECT_EQ(outcome(session, "s"), "2");
}

TEST_F(prepared, deallocate_that_fails_ends_nothing) {
  auto session = client();
  auto other = client();
  for (auto* each : {&session, &other}) {
    prepare(*each, "s", "select 7 from t limit 1");
    EXPECT_EQ(outcome(*each, "s"), "7");
  }
  for (const std::string attempt : {"deallocate s", "deallocate all", "discard all"}) {
    session.query("begin");
    EXPECT_EQ(outcome(session, "s"), "7");
    EXPECT_EQ(told(session, "select 1/0"), "22012");
    EXPECT_EQ(told(session, attempt), "25P02") << attempt;
    session.query("rollback");
    for (int i = 0; i < 3; ++i) {
      for (auto* each : {&session, &other}) EXPECT_EQ(outcome(*each, "s"), "7") << attempt;
      other.query("begin");
      EXPECT_EQ(outcome(other, "s"), "7") << attempt;
      other.query("commit");
    }
  }
  auto third = client();
  third.query("begin");
  prepare(third, "mine", "select 7 from t limit 1");
  EXPECT_EQ(outcome(third, "mine"), "7");
}

TEST_F(prepared, deallocate_all_and_discard_all_end_all_of_the_sessions_names) {
  for (const std::string how : {"deallocate all", "discard all"}) {
    auto session = client();
    auto other = client();
    for (auto* each : {&session, &other}) {
      prepare(*each, "a", "select 1");
      prepare(*each, "b", "select 2");
    }
    EXPECT_EQ(told(session, how), "");
    EXPECT_EQ(outcome(session, "a"), "26000") << how;
    EXPECT_EQ(outcome(session, "b"), "26000") << how;
    EXPECT_EQ(raw::types(prepare(session, "a", "select 1")), "1Z") << how;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(outcome(session, "a"), "1") << how;
      EXPECT_EQ(outcome(other, "a"), "1") << how;
      EXPECT_EQ(outcome(other, "b"), "2") << how;
    }
  }
}

TEST_F(prepared, only_preparing_a_discard_ends_nothing) {
  auto session = client();
  prepare(session, "s", "select 4");
  prepare(session, "bomb", "discard all");
  prepare(session, "bomb2", "deallocate all");
  EXPECT_EQ(outcome(session, "s"), "4");
  run(session, "bomb2");
  EXPECT_EQ(outcome(session, "s"), "26000");
}

TEST_F(prepared, execute_means_the_protocols_statements_too) {
  auto session = client();
  auto other = client();
  prepare(session, "s", "select $1::int + 1");
  prepare(other, "s", "select $1::int + 2");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scalar(session, "execute s(1)"), "2");
    EXPECT_EQ(scalar(other, "execute s (1)"), "3");
  }
  EXPECT_EQ(told(session, "execute nobody"), "26000");
}

TEST_F(prepared, prepare_in_sql_keeps_its_connection) {
  auto session = client();
  EXPECT_EQ(told(session, "prepare mine as select 5"), "");
  auto other = client();
  EXPECT_EQ(told(other, "execute mine"), "26000");
  EXPECT_EQ(scalar(session, "execute mine"), "5");
  EXPECT_EQ(outcome(session, "mine"), "5") << "Bind means the same statements";
  if (!testing_direct()) {
    EXPECT_GE(served->proxy().metric("highwater_pins_total", {{"reason", "prepared_statement"}}), 1);
  }
  EXPECT_EQ(told(session, "discard all"), "");
  EXPECT_EQ(told(session, "execute mine"), "26000");
  EXPECT_EQ(told(other, "prepare mine as select 6"), "");
  EXPECT_EQ(scalar(other, "execute mine"), "6");
}

// There is one set of names for both.
TEST_F(prepared, prepare_in_sql_meets_the_protocols_names) {
  for (const bool extended : {false, true}) {
    auto other = client(), session = client();
    prepare(other, "x", "select 'theirs'");
    prepare(session, "x", "select 1");
    const auto run_sql = [&](const std::string& sql) {
      return extended ? ask(session, run_unnamed(sql) + raw::sync()) : session.query(sql);
    };
    for (const std::string sql : {"prepare x as select 2", "/* a */ PREPARE \"x\" (int) AS select $1"}) {
      const auto told = run_sql(sql);
      ASSERT_EQ(sqlstate(told), "42P05") << sql;
      for (const auto& one : told) {
        if (one.type == 'E') {
          EXPECT_EQ(raw::error_field(one, 'M'), "prepared statement \"x\" already exists");
        }
      }
    }
    EXPECT_EQ(sqlstate(run_sql("prepare x as select nonsense")), "42703") << "the text comes first";
    EXPECT_EQ(outcome(session, "x"), "1");
    EXPECT_EQ(scalar(session, "execute x"), "1");
    EXPECT_EQ(sqlstate(run_sql("deallocate x")), "");
    EXPECT_EQ(sqlstate(run_sql("prepare x as select 2")), "");
    EXPECT_EQ(scalar(session, "execute x"), "2");
    EXPECT_EQ(outcome(session, "x"), "2");
    EXPECT_EQ(outcome(other, "x"), "theirs");
    EXPECT_EQ(sqlstate(run_sql("deallocate all")), "");
    EXPECT_EQ(outcome(session, "x"), "26000");
  }
}

TEST_F(prepared, a_parse_meets_the_names_that_sql_has_made) {
  const std::string ends[] = {"deallocate x", "deallocate all", "discard all", "close"};
  for (const auto& end : ends) {
    SCOPED_TRACE(end);
    auto session = client();
    prepare(session, "y", "select 'known'");
    session.query("prepare x as select 1");
    for (const std::string sql : {"select 2", "select 'known'"}) {
      const auto told = prepare(session, "x", sql);
      EXPECT_EQ(raw::types(told), "EZ");
      EXPECT_EQ(sqlstate(told), "42P05");
      EXPECT_EQ(raw::error_field(told.front(), 'M'), "prepared statement \"x\" already exists");
    }
    EXPECT_EQ(sqlstate(prepare(session, "x", "select nonsense")), "42703") << "the text comes first";
    EXPECT_EQ(outcome(session, "x"), "1");
    EXPECT_EQ(raw::types(prepare(session, "z", "select 3")), "1Z") << "another name";
    EXPECT_EQ(raw::types(prepare(session, "v", "select 'known'")), "1Z") << "... of what the connection has";
    EXPECT_EQ(outcome(session, "z") + outcome(session, "v"), "3known");
    const auto ended = end == "close" ? ask(session, raw::close_statement("x") + raw::sync()) : session.query(end);
    EXPECT_EQ(sqlstate(ended), "");
    EXPECT_EQ(outcome(session, "x"), "26000");
    EXPECT_EQ(raw::types(prepare(session, "x", "select 4")), "1Z");
    EXPECT_EQ(outcome(session, "x"), "4");
    EXPECT_EQ(told(session, "prepare x as select 5"), "42P05");
  }
}

TEST_F(prepared, names_of_both_kinds_in_one_pipeline) {
  auto session = client();
  session.send(raw::parse("x", "select 1") + raw::query("prepare x as select 2") + raw::query("prepare w as select 3") +
               raw::parse("w", "select 4") + raw::sync() + run_named("w") + run_named("x") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "1EZ");
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  EXPECT_EQ(sqlstate(session.read_until_ready()), "42P05");
  EXPECT_EQ(values(session.read_until_ready()), (std::vector<std::string>{"3", "1"}));
}

TEST_F(prepared, a_failing_prepare_behind_execute_is_told_once) {
  auto session = client();
  session.query("create table vanishing (n int)");
  prepare(session, "s", "select * from vanishing");
  session.query("drop table vanishing");
  const auto answer = session.query("execute s");
  EXPECT_EQ(sqlstate(answer), "42P01") << describe_all(answer);
  EXPECT_EQ(raw::types(answer), "EZ");
  EXPECT_EQ(scalar(session, "select 1"), "1");
  EXPECT_EQ(outcome(session, "s"), "42P01");
  EXPECT_EQ(scalar(session, "select 2"), "2");
}

TEST_F(prepared, more_statements_than_a_connection_keeps) {
  auto session = client();
  constexpr int count = 100;
  for (int i = 0; i < count; ++i)
    prepare(session, "s" + std::to_string(i), "select " + std::to_string(i) + " from t limit 1");
  for (int i = 0; i < count; ++i) ASSERT_EQ(outcome(session, "s" + std::to_string(i)), std::to_string(i));
  std::string all = raw::query("begin");
  for (int i = 0; i < count; ++i) all += run_named("s" + std::to_string(i));
  session.send(all + raw::sync());
  session.read_until_ready();
  const auto found = values(session.read_until_ready());
  ASSERT_EQ(found.size(), std::size_t{count}) << "one batch may use more than are kept";
  for (int i = 0; i < count; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)], std::to_string(i));
  if (!testing_direct()) {
    const auto kept = scalar(session, "select count(*) from pg_prepared_statements where name like '_highwater%'");
    EXPECT_LE(std::stoi(kept), 20);
  }
}

TEST_F(prepared, one_batch_may_use_a_statement_many_times) {
  auto session = client();
  std::string all = raw::parse("s", "select $1::int");
  for (int i = 0; i < 50; ++i) all += run_named("s", {std::to_string(i)});
  const auto found = values(ask(session, all + raw::sync()));
  ASSERT_EQ(found.size(), 50u);
  EXPECT_EQ(found.back(), "49");
}

TEST_F(prepared, long_texts_and_long_names) {
  auto session = client();
  const std::string long_text = "select length('" + std::string(100'000, 'x') + "')";
  prepare(session, "long", long_text);
  auto other = client();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(session, "long"), "100000");
    EXPECT_EQ(scalar(other, "select 1"), "1");
  }
  const std::string name(1'000, 'n');  // the server would cut it off, the protocol does not
  EXPECT_EQ(raw::types(prepare(session, name, "select 1")), "1Z");
  EXPECT_EQ(outcome(session, name), "1");
}

TEST_F(prepared, very_long_texts) {
  auto session = client();
  prepare(session, "huge", "select length('" + std::string(1'000'000, 'x') + "')");
  auto other = client();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome(session, "huge"), "1000000");
    other.query("begin");
    EXPECT_EQ(scalar(other, "select 1"), "1");
    other.query("commit");
  }
}

TEST_F(prepared, pipelined_parse_and_use_across_syncs) {
  auto session = client();
  session.send(raw::parse("p", "select 11") + raw::sync() + run_named("p") + raw::sync() + raw::close_statement("p") +
               raw::sync() + run_named("p") + raw::sync() + raw::parse("p", "select 12") + raw::sync() +
               run_named("p") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "1Z");
  EXPECT_EQ(value(session.read_until_ready()), "11");
  EXPECT_EQ(raw::types(session.read_until_ready()), "3Z");
  EXPECT_EQ(sqlstate(session.read_until_ready()), "26000");
  EXPECT_EQ(raw::types(session.read_until_ready()), "1Z");
  EXPECT_EQ(value(session.read_until_ready()), "12");
}

// Whether the name is free is known only when the one in front has been answered.
TEST_F(prepared, a_name_is_free_again_for_what_is_pipelined_behind_a_parse_that_fails) {
  auto session = client();
  const auto bad = raw::parse("n", "select nothing from nowhere");
  const auto begin = raw::query("begin");
  for (const auto& first : {std::string(), begin}) {
    session.send(first + bad + raw::sync() + raw::query("rollback") + bad + raw::sync() + raw::query("rollback") +
                 raw::parse("n", "select 4") + raw::flush() + run_named("n") + raw::close_statement("n") + raw::sync());
    if (!first.empty()) session.read_until_ready();
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(sqlstate(session.read_until_ready()), "42P01");
      session.read_until_ready();
    }
    EXPECT_EQ(raw::types(session.read_until_ready()), "12DC3Z");
  }
}

TEST_F(prepared, what_is_pipelined_behind_a_parse_that_was_skipped_meets_nobody_elses) {
  auto other = client(), session = client();
  prepare(other, "theirs", "select 'of somebody else'");
  EXPECT_EQ(outcome(other, "theirs"), "of somebody else");
  prepare(other, "", "select 'of somebody else'");
  const auto fails = run_unnamed("select 1/0");
  session.send(fails + raw::parse("mine", "select 'of somebody else'") + raw::sync() + run_named("mine") + raw::sync());
  EXPECT_EQ(sqlstate(session.read_until_ready()), "22012");
  const auto told = session.read_until_ready();
  EXPECT_EQ(sqlstate(told), "26000");
  EXPECT_EQ(raw::error_field(told.front(), 'M'), "prepared statement \"mine\" does not exist");
  session.send(raw::bind("", "no such") + raw::parse("", "select 5") + raw::sync() + raw::bind("", "") +
               raw::execute() + raw::sync());
  EXPECT_EQ(sqlstate(session.read_until_ready()), "26000");
  EXPECT_EQ(sqlstate(session.read_until_ready()), "22012") << "its own, which was parsed";
}

// What the servers call them is nobody's business.
TEST_F(prepared, of_others_are_not_met_by_the_servers_names) {
  PROXY_ONLY();
  auto other = client(), session = client(), on_the_other_worker = client();
  prepare(other, "theirs", "insert into t values (77) returning 'of somebody else'");  // on the primary, as all below
  EXPECT_EQ(outcome(other, "theirs"), "of somebody else");
  for (int number = 1; number < 400; ++number) {
    const auto name = "_highwater_" + std::to_string(number);
    for (auto* each : {&session, &on_the_other_worker}) {
      EXPECT_EQ(told(*each, "execute \"" + name + "\""), "26000") << number;
      EXPECT_EQ(told(*each, "deallocate " + name), "26000") << number;
    }
  }
  EXPECT_EQ(outcome(other, "theirs"), "of somebody else");
}

TEST_F(prepared, new_ones_run_after_the_table_has_changed) {
  for (int i = 0; i < 3; ++i) {
    auto old = client();
    old.query("drop table if exists changing; create table changing (n int); insert into changing values (1)");
    prepare(old, "s", "select * from changing");
    EXPECT_EQ(outcome(old, "s"), "1");
    old.query("alter table changing add m int");
    std::vector<raw::client> young;  // on each of the workers
    for (int k = 0; k < 3; ++k) young.push_back(client());
    for (auto& each : young) {
      EXPECT_EQ(raw::types(ask(each, raw::parse("s", "select * from changing") + run_named("s") + raw::sync())),
                "12DCZ");
    }
  }
}

TEST_F(prepared, new_ones_run_after_an_old_one_has_been_refused) {
  auto old = client();
  old.query("drop table if exists changing; create table changing (n int)");
  old.query("listen anything");  // keeps its connection
  prepare(old, "s", "select * from changing");
  outcome(old, "s");
  primary().tell("alter table changing add m int");
  EXPECT_EQ(outcome(old, "s"), "0A000");
  EXPECT_EQ(raw::types(ask(old, raw::close_statement("s") + raw::parse("s", "select * from changing") + run_named("s") +
                                    raw::sync())),
            "312CZ");
}

// The replica's statement is of the table as it was; whoever prepares it now means the table as it is.
TEST_F(prepared, new_ones_run_after_somebody_else_has_changed_the_table) {
  primary().tell("create table changed_elsewhere (n int); insert into changed_elsewhere values (1)");
  served->cluster().await_replay();
  await_read("select * from changed_elsewhere");
  std::vector<raw::client> sessions;  // on each of the workers
  for (int i = 0; i < 2; ++i) {
    sessions.push_back(client());
    prepare(sessions.back(), "s", "select * from changed_elsewhere");
    EXPECT_EQ(outcome(sessions.back(), "s"), "1");
  }
  primary().tell("alter table changed_elsewhere add m int");
  served->cluster().await_replay();
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(client());
    EXPECT_EQ(raw::types(ask(sessions.back(),
                             raw::parse("s", "select * from changed_elsewhere") + run_named("s") + raw::sync())),
              "12DCZ");
  }
}

// As PostgreSQL does: the client would read the rows by what it was told of the old ones.
TEST_F(prepared, old_ones_are_refused_until_they_are_prepared_again) {
  auto session = client();
  session.query("create table changed_once (n int); insert into changed_once values (1)");
  prepare(session, "s", "select * from changed_once");
  const auto in_transaction = [&] {
    session.query("begin");
    const auto found = outcome(session, "s");
    session.query("rollback");
    return found;
  };
  EXPECT_EQ(in_transaction(), "1");
  primary().tell("alter table changed_once add m int");
  EXPECT_EQ(in_transaction(), "0A000");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(in_transaction(), "0A000");
  ask(session, raw::close_statement("s") + raw::parse("s", "select * from changed_once") + raw::sync());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(in_transaction(), "1");
}

TEST_F(prepared, those_that_a_function_has_ended_come_back) {
  PROXY_ONLY();
  auto session = client();
  session.query("create function ends_all() returns void language plpgsql as $$begin execute 'deallocate all'; end$$");
  prepare(session, "s", "select 7 from t limit 1");
  session.query("begin");
  EXPECT_EQ(outcome(session, "s"), "7");
  session.query("select ends_all()");
  EXPECT_EQ(outcome(session, "s"), "26000") << "the server has it no more, and its transaction cannot be saved";
  session.query("rollback");
  for (int i = 0; i < 3; ++i) {
    session.query("begin");
    EXPECT_EQ(outcome(session, "s"), "7");
    session.query("commit");
  }
}

TEST_F(prepared, literals_that_mean_the_moment_are_not_shared) {
  std::vector<raw::client> sessions;  // on each of the workers
  std::set<std::string> moments;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(client());
    prepare(sessions.back(), "s", "select ' Now'::timestamptz::text");
    moments.insert(outcome(sessions.back(), "s"));
  }
  EXPECT_EQ(moments.size(), 4u);
}

TEST_F(prepared, an_error_behind_a_deallocate_does_not_undo_it) {
  std::vector<raw::client> sessions;  // on each of the workers
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(client());
    prepare(sessions.back(), "s", "select 7 from t limit 1");
  }
  const auto run_on_primary = [](raw::client& on) {
    on.query("begin");
    const auto found = outcome(on, "s");
    on.query("rollback");
    return found;
  };
  for (const std::string what : {"deallocate all", "deallocate s"}) {
    for (auto& each : sessions) EXPECT_EQ(run_on_primary(each), "7") << "before " << what;
    EXPECT_EQ(told(sessions.front(), what + "; select 1/0"), "22012");
    EXPECT_EQ(run_on_primary(sessions.front()), "26000");
    for (std::size_t i = 1; i < sessions.size(); ++i) EXPECT_EQ(run_on_primary(sessions[i]), "7") << "after " << what;
    prepare(sessions.front(), "s", "select 7 from t limit 1");
  }
}

}  // namespace
}  // namespace highwater::testing_support
