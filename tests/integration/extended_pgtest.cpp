// The extended protocol as drivers use it, and as only the protocol's manual allows it.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::ElementsAre;

class extended : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 2}, [](highwater_config& config) { config.set("pool", "{size: 3}"); });
    primary().tell("create table numbers (n int); create table words (w text)");
    served->cluster().await_replay();
    await_read("select count(*) from words");
  }

  static std::string batch(std::string_view sql) { return run_unnamed(sql) + raw::sync(); }
  // Whatever happened before, the session and its connections must be as good as new.
  static void expect_fit(raw::client& of) {
    EXPECT_EQ(raw::types(of.query("select 1")), "TDCZ");
    EXPECT_EQ(scalar(of, "select count(*) from numbers where false"), "0");
    auto other = client();
    EXPECT_EQ(scalar(other, "select 42"), "42");
  }
};

TEST_F(extended, many_batches_in_flight_are_answered_in_order) {
  auto session = client();
  constexpr int count = 500;
  std::string all;
  for (int i = 0; i < count; ++i) all += batch("select " + std::to_string(i));
  session.send(all);
  for (int i = 0; i < count; ++i) ASSERT_EQ(value(session.read_until_ready()), std::to_string(i));
  expect_fit(session);
}

TEST_F(extended, reads_between_writes_of_a_pipeline_see_them) {
  auto session = client();
  session.query("truncate numbers");
  std::string all;
  for (int i = 1; i <= 100; ++i) {
    all += batch("insert into numbers values (" + std::to_string(i) + ")") + batch("select count(*) from numbers") +
           raw::query("select max(n) from numbers");
  }
  session.send(all);
  for (int i = 1; i <= 100; ++i) {
    EXPECT_EQ(raw::types(session.read_until_ready()), "12CZ");
    ASSERT_EQ(value(session.read_until_ready()), std::to_string(i));
    ASSERT_EQ(value(session.read_until_ready()), std::to_string(i));
  }
}

// What cannot go along with the read before it waits, and nothing needs to come behind it.
TEST_F(extended, write_behind_a_read_is_run_without_more_being_sent) {
  auto session = client({{"options", "-c highwater.level=eventual"}});
  for (int i = 0; i < 3; ++i) {
    session.query("truncate numbers");
    session.send(batch("select count(*) from words") + batch("insert into numbers values (1)"));
    EXPECT_EQ(raw::types(session.read_until_ready()), "12DCZ");
    EXPECT_EQ(raw::types(session.read_until_ready()), "12CZ");
    session.send(raw::query("select count(*) from words") + raw::query("insert into numbers values (2)"));
    EXPECT_EQ(raw::types(session.read_until_ready()), "TDCZ");
    EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
    session.send(batch("select count(*) from words") + batch("insert into numbers values (3)") +
                 batch("insert into numbers values (4)"));
    for (const char* expected : {"12DCZ", "12CZ", "12CZ"}) EXPECT_EQ(raw::types(session.read_until_ready()), expected);
    EXPECT_EQ(primary().ask("select string_agg(n::text, ',' order by n) from numbers"), "1,2,3,4");
  }
}

// An answer that begins behind the end of another, and whose data looks like messages.
TEST_F(extended, long_answers_behind_short_ones) {
  auto session = client();
  for (const std::size_t size : {70'000, 80'000, 130'000, 200'000}) {
    const std::string sql = "select repeat('1', " + std::to_string(size) + ")";
    session.send(raw::query("select 1") + raw::query(sql) + batch(sql));
    EXPECT_EQ(value(session.read_until_ready()), "1");
    EXPECT_EQ(value(session.read_until_ready()), std::string(size, '1'));
    EXPECT_EQ(value(session.read_until_ready()), std::string(size, '1'));
  }
}

TEST_F(extended, batch_behind_one_that_a_flush_ends_is_skipped_with_it) {
  auto session = client();
  session.query("truncate numbers");
  session.send(raw::parse("", "select nonsense from nowhere") + raw::describe_statement("") + raw::flush() +
               run_unnamed("insert into numbers values (1)") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "EZ");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "0");
  expect_fit(session);
}

TEST_F(extended, long_batch_behind_an_error_is_skipped) {
  auto session = client();
  session.query("truncate numbers");
  session.send(raw::parse("", "select nonsense from nowhere") + raw::flush());
  session.expect('E');
  const std::string padding = " /*" + std::string(600'000, 'x') + "*/";
  session.send(run_unnamed("insert into numbers values (1)" + padding) + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "0");
  expect_fit(session);
}

TEST_F(extended, an_error_skips_to_sync_and_no_further) {
  auto session = client();
  session.send(run_unnamed("select 1") + run_unnamed("select 1/0") + run_unnamed("select 2") + raw::sync() +
               batch("select 3"));
  const auto failed = session.read_until_ready();
  EXPECT_EQ(raw::types(failed), "12DC1EZ");
  EXPECT_EQ(sqlstate(failed), "22012");
  EXPECT_EQ(value(session.read_until_ready()), "3");
}

TEST_F(extended, an_error_is_told_before_its_sync_comes) {
  auto session = client();
  session.send(raw::parse("", "select nonsense from nowhere") + raw::flush());
  EXPECT_EQ(raw::error_field(session.expect('E'), 'C'), "42P01");
  session.send(raw::bind("", "") + raw::execute() + raw::flush() + raw::describe_portal(""));
  EXPECT_EQ(raw::types(ask(session, raw::sync())), "Z");
  expect_fit(session);
}

TEST_F(extended, an_error_in_front_of_a_query_skips_the_query_too) {
  auto session = client();
  session.send(raw::parse("", "select nonsense from nowhere") + raw::query("select 1") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "EZ");
  EXPECT_EQ(value(session.query("select 2")), "2");
  EXPECT_EQ(raw::types(ask(session, batch("select 3"))), "12DCZ");
  expect_fit(session);
}

TEST_F(extended, such_errors_cost_the_pool_no_connection) {
  for (int i = 0; i < 10; ++i) {
    auto session = client();
    session.send(raw::parse("", "select nonsense from nowhere") + raw::query("select 1") + raw::sync());
    EXPECT_EQ(raw::types(session.read_until_ready()), "EZ");
  }
  auto session = client();
  expect_fit(session);
}

TEST_F(extended, a_query_cuts_a_batch_that_no_sync_ended) {
  auto session = client();
  session.send(run_unnamed("select 1") + raw::query("select 2") + raw::sync());
  EXPECT_THAT(values(session.read_until_ready()), ElementsAre("1", "2"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "Z");
  expect_fit(session);
}

TEST_F(extended, flush_brings_answers_without_sync) {
  auto session = client();
  session.send(raw::parse("s", "select $1::int") + raw::describe_statement("s") + raw::flush());
  EXPECT_EQ(raw::types(session.read_until('T')), "1tT");
  session.send(raw::bind("", "s", {"7"}) + raw::flush());
  EXPECT_EQ(session.expect('2').type, '2');
  session.send(raw::execute() + raw::flush());
  EXPECT_EQ(raw::types(session.read_until('C')), "DC");
  session.send(raw::sync());
  EXPECT_EQ(session.expect('Z').payload, "I");
  expect_fit(session);
}

TEST_F(extended, highwaters_own_settings_behind_a_flush) {
  PROXY_ONLY();
  for (const bool simple : {false, true}) {
    auto session = client();
    session.query("truncate numbers");
    session.send(run_unnamed("insert into numbers values (1)") + raw::flush());
    EXPECT_EQ(raw::types(session.read_until('C')), "12C");
    session.send(run_unnamed("show highwater.level") + raw::flush());
    EXPECT_EQ(raw::types(session.read_until('C')), "12DC");
    EXPECT_EQ(primary().ask("select count(*) from numbers"), "0") << "no Sync has come yet";
    const auto end =
        ask(session, simple ? raw::query("show highwater.level") : run_unnamed("show highwater.level") + raw::sync());
    EXPECT_EQ(value(end), "session");
    EXPECT_EQ(primary().ask("select count(*) from numbers"), "1");
    expect_fit(session);

    session.send(run_unnamed("insert into numbers values (2)") + raw::flush());
    session.read_until('C');
    session.send(run_unnamed("set highwater.level = quick") + raw::sync());
    EXPECT_EQ(raw::types(session.read_until_ready()), "EZ");
    EXPECT_EQ(primary().ask("select count(*) from numbers"), "1") << "the transaction must not be committed";
    expect_fit(session);
  }
  primary().tell("truncate numbers");
}

TEST_F(extended, flush_between_two_syncs_holds_what_is_not_committed) {
  auto session = client();
  session.query("truncate numbers");
  session.send(run_unnamed("insert into numbers values (1)") + raw::flush());
  session.read_until('C');
  auto other = client({{"options", "-c highwater.level=strong"}});  // sees that it was emptied
  EXPECT_EQ(scalar(other, "select count(*) from numbers"), "0");
  EXPECT_EQ(raw::types(ask(session, raw::sync())), "Z");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "1");
}

TEST_F(extended, an_implicit_transaction_ends_at_sync) {
  auto session = client();
  session.query("truncate numbers");
  EXPECT_EQ(
      sqlstate(ask(session, run_unnamed("insert into numbers values (1)") + run_unnamed("select 1/0") + raw::sync())),
      "22012");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "0");
}

TEST_F(extended, describes_statements_and_portals) {
  auto session = client();
  session.send(raw::parse("d", "insert into numbers values ($1) returning n") + raw::describe_statement("d") +
               raw::bind("p", "d", {"5"}) + raw::describe_portal("p") + raw::parse("", "truncate numbers") +
               raw::describe_statement("") + raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "1tT2T1tnZ");
  EXPECT_EQ(raw::types(ask(session, raw::describe_statement("d") + raw::sync())), "tTZ");
  EXPECT_EQ(sqlstate(ask(session, raw::describe_statement("none") + raw::sync())), "26000");
  EXPECT_EQ(sqlstate(ask(session, raw::describe_portal("none") + raw::sync())), "34000");
}

TEST_F(extended, portals_hand_out_rows_in_portions_while_the_transaction_lasts) {
  auto session = client();
  session.query("begin");
  session.send(raw::parse("", "select generate_series(1, 7)") + raw::bind("p", "") + raw::execute("p", 3) +
               raw::sync());
  EXPECT_EQ(raw::types(session.read_until_ready()), "12DDDsZ");
  auto other = client();
  EXPECT_EQ(scalar(other, "select 1"), "1");
  EXPECT_THAT(values(ask(session, raw::execute("p", 3) + raw::sync())), ElementsAre("4", "5", "6"));
  EXPECT_EQ(raw::types(ask(session, raw::execute("p", 3) + raw::close_portal("p") + raw::sync())), "DC3Z");
  EXPECT_EQ(sqlstate(ask(session, raw::execute("p", 3) + raw::sync())), "34000");
  session.query("rollback");
  expect_fit(session);
}

TEST_F(extended, parse_alone_is_a_whole_batch) {
  auto session = client();
  EXPECT_EQ(raw::types(ask(session, raw::parse("alone", "select 5") + raw::sync())), "1Z");
  EXPECT_EQ(raw::types(ask(session, raw::sync())), "Z");
  EXPECT_EQ(value(ask(session, run_named("alone") + raw::sync())), "5");
}

TEST_F(extended, the_unnamed_statement_stays_for_later_batches) {
  auto session = client();
  auto other = client();
  EXPECT_EQ(raw::types(ask(session, raw::parse("", "select $1::int * 2") + raw::sync())), "1Z");
  for (int i = 1; i < 5; ++i) {
    EXPECT_EQ(raw::types(ask(other, batch("select 'another unnamed statement'"))), "12DCZ");
    EXPECT_EQ(value(ask(session, run_named("", {std::to_string(i)}) + raw::sync())), std::to_string(2 * i));
  }
  session.query("select 1");  // a simple Query ends it
  EXPECT_EQ(sqlstate(ask(session, run_named("", {"1"}) + raw::sync())), "26000");
}

TEST_F(extended, a_changed_result_type_does_not_stick_to_pooled_connections) {
  auto session = client();
  session.query("create table changing (a int)");
  session.query("insert into changing values (1)");
  const auto run = [](raw::client& on) { return ask(on, run_named("s") + raw::sync()); };
  const auto prepare = raw::parse("s", "select * from changing for update") + raw::sync();
  ask(session, prepare);
  EXPECT_EQ(value(run(session)), "1");
  session.query("alter table changing add b int");
  session.query("begin");
  EXPECT_EQ(sqlstate(run(session)), "0A000");
  session.query("rollback");
  auto fresh = client();
  ask(fresh, prepare);
  EXPECT_EQ(value(run(fresh)), "1");
  EXPECT_EQ(sqlstate(run(session)), "0A000") << "it would read the rows wrongly";
  session.query("drop table changing");
}

TEST_F(extended, calls_functions) {
  auto session = client();
  const std::string abs_int4 = raw::int32(1397);  // pg_proc's oid of abs(integer)
  const std::string call =
      abs_int4 + raw::int16(1) + raw::int16(0) + raw::int16(1) + raw::int32(3) + "-42" + raw::int16(0);
  session.send(raw::frame('F', call) + batch("select 1"));
  const auto answer = session.read_until_ready();
  EXPECT_EQ(raw::types(answer), "VZ");
  EXPECT_EQ(answer.front().payload.substr(4), "42");
  EXPECT_EQ(value(session.read_until_ready()), "1");
  session.send(raw::frame('F', raw::int32(4'000'000'000) + call.substr(4)));
  EXPECT_EQ(raw::types(session.read_until_ready()), "EZ");
  expect_fit(session);
}

// Longer than limits.max_batch_bytes, so no longer looked at as a whole.
// A server runs what it is sent as it comes, and says at once what fails.
TEST_F(extended, a_pipeline_without_a_sync_makes_progress) {
  auto session = client();
  session.query("truncate numbers");
  session.send(run_unnamed("insert into numbers values (1)") + run_unnamed("insert into numbers values (1 / 0)"));
  EXPECT_EQ(raw::types(session.read_until('E')), "12C1E");
  session.send(run_unnamed("insert into numbers values (2)"));
  EXPECT_EQ(raw::types(ask(session, run_unnamed("insert into numbers values (3)") + raw::sync())), "Z");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "0");
  session.send(raw::query("begin") + run_unnamed("insert into numbers values (4)"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "CZ");
  await("it has been run", [] {
    return primary().ask(
               "select count(*) from pg_stat_activity where state = 'active' and xact_start is not null and "
               "query like 'insert into numbers values (4)'") == "1";
  });
  EXPECT_EQ(raw::types(ask(session, raw::sync())), "12CZ");
  session.query("rollback");
  expect_fit(session);
}

TEST_F(extended, very_long_batches_are_run_all_the_same) {
  auto session = client();
  session.query("truncate words");
  const std::string word(1000, 'w');
  std::string all = raw::parse("ins", "insert into words values ($1)");
  for (int i = 0; i < 1000; ++i) all += run_named("ins", {word});
  all += run_unnamed("select count(*) from words") + raw::sync() + batch("select sum(length(w)) from words");
  session.send(all);
  EXPECT_EQ(value(session.read_until_ready()), "1000");
  EXPECT_EQ(value(session.read_until_ready()), "1000000");
  EXPECT_EQ(value(ask(session, run_named("ins", {"x"}) + raw::sync())), "(0 rows)");
  expect_fit(session);
}

TEST_F(extended, an_error_in_a_very_long_batch_skips_to_its_sync) {
  auto session = client();
  std::string all = run_unnamed("select 1/0");
  for (int i = 0; i < 500; ++i) all += run_unnamed("select $1::text", {std::string(1000, 'x')});
  session.send(all + raw::sync() + batch("select 7"));
  EXPECT_EQ(raw::types(session.read_until_ready()), "1EZ");
  EXPECT_EQ(value(session.read_until_ready()), "7");
  expect_fit(session);
}

TEST_F(extended, a_malformed_message_in_a_very_long_batch_costs_only_its_sender) {
  PROXY_ONLY();
  const std::vector<std::string> malformed{
      raw::frame('P', "no end"), raw::frame('B', "no end"),
      raw::frame('D', "S"),      raw::frame('C', ""),
      raw::frame('E', "x"),      raw::frame('B', std::string(3000, 'n')),
      raw::frame('w', "what?"),  raw::frame('B', std::string("p\0", 2) + std::string(5000, 'n'))};
  for (const auto& one : malformed) {
    auto session = client();
    session.send(run_unnamed("select $1::text", {std::string(300'000, 'x')}) + one + raw::sync());
    EXPECT_TRUE(session.closed_within()) << one.front();
  }
  auto session = client();
  expect_fit(session);
}

TEST_F(extended, a_bind_of_20_megabytes_arrives_whole) {
  auto session = client();
  const std::string large(20'000'000, 'b');
  EXPECT_EQ(value(ask(session, run_unnamed("select length($1::text)", {large}) + raw::sync())), "20000000");
  ask(session, raw::parse("echo", "select $1::text") + raw::sync());
  auto other = client();
  EXPECT_EQ(value(ask(session, run_named("echo", {large}) + raw::sync())), large);
  EXPECT_EQ(value(ask(other, batch("select 1"))), "1");
  expect_fit(session);
}

TEST_F(extended, a_query_of_2_megabytes_arrives_whole) {
  auto session = client();
  EXPECT_EQ(scalar(session, "select length('" + std::string(2'000'000, 'q') + "')"), "2000000");
  EXPECT_EQ(scalar(session, "select 1 /* " + std::string(2'000'000, 'c') + " */"), "1");
  EXPECT_EQ(value(ask(session, batch("select length('" + std::string(2'000'000, 'p') + "')"))), "2000000");
  expect_fit(session);
}

TEST_F(extended, what_a_very_long_query_does_to_its_connection_meets_nobody_else) {
  const std::string script =
      "create temporary table leaked (x int); set search_path = leaked_path; select pg_advisory_lock(4711) /* " +
      std::string(400'000, 'c') + " */";
  {
    auto session = client();
    EXPECT_EQ(sqlstate(session.query(script)), "");
    session.send(raw::terminate());
    EXPECT_TRUE(session.closed_within());
  }
  std::vector<raw::client> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(client());
    others.back().query("begin");
    EXPECT_EQ(scalar(others.back(), "show search_path"), "\"$user\", public");
    EXPECT_EQ(scalar(others.back(), "select to_regclass('pg_temp.leaked')"), "NULL");
    EXPECT_EQ(
        scalar(others.back(), "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"),
        "0");
  }
  auto watcher = primary().connect();
  await("the lock is gone",
        [&] { return watcher.scalar("select count(*) from pg_locks where locktype = 'advisory'") == "0"; });
}

TEST_F(extended, empty_and_multiple_statements) {
  auto session = client();
  EXPECT_EQ(raw::types(session.query("")), "IZ");
  EXPECT_EQ(raw::types(session.query(" ; ; ")), "IZ");
  EXPECT_EQ(raw::types(session.query("-- only a comment")), "IZ");
  EXPECT_EQ(raw::types(ask(session, batch(""))), "12IZ");
  EXPECT_EQ(raw::types(session.query("select 1; select 2; truncate numbers")), "TDCTDCCZ");
  EXPECT_EQ(raw::types(session.query("insert into numbers values (1); select 1/0; select 2")), "CEZ");
  EXPECT_EQ(scalar(session, "select count(*) from numbers"), "0");
  EXPECT_EQ(sqlstate(ask(session, batch("select 1; select 2"))), "42601");
  expect_fit(session);
}

TEST_F(extended, bytes_may_come_one_by_one) {
  auto session = client();
  for (const char byte : batch("select 'drop by drop'")) session.send(std::string(1, byte));
  EXPECT_EQ(value(session.read_until_ready()), "drop by drop");
}

TEST_F(extended, a_transaction_pipelined_with_its_begin_and_commit) {
  auto session = client();
  session.query("truncate numbers");
  session.send(raw::query("begin") + raw::query("insert into numbers values (1)") + raw::query("commit") +
               batch("begin") + batch("insert into numbers values (2)") + batch("rollback") +
               raw::query("select count(*) from numbers"));
  std::string states;
  messages last;
  for (int i = 0; i < 7; ++i) {
    last = session.read_until_ready();
    states += last.back().payload;
  }
  EXPECT_EQ(states, "TTITTII");
  EXPECT_EQ(value(last), "1");
}

TEST_F(extended, long_batch_behind_a_flush) {
  auto session = client();
  const std::string large(600'000, 'x');
  session.send(run_unnamed("select 1") + raw::flush());
  EXPECT_EQ(raw::types(session.read_until('C')), "12DC");
  EXPECT_EQ(value(ask(session, run_unnamed("select length($1::text)", {large}) + raw::sync())), "600000");
  EXPECT_EQ(raw::types(ask(session, raw::close_statement("none") + raw::query("select length('" + large + "')"))),
            "3TDCZ");
  expect_fit(session);
}

TEST_F(extended, what_needs_no_server_is_answered_at_the_flush_of_a_long_batch) {
  auto session = client();
  ask(session, raw::parse("s", "select length($1::text)") + raw::sync());
  session.send(run_named("s", {std::string(600'000, 'x')}) + raw::flush());
  EXPECT_EQ(raw::types(session.read_until('C')), "2DC");
  session.send(raw::close_statement("s") + raw::flush());
  EXPECT_EQ(session.expect('3').type, '3');
  EXPECT_EQ(raw::types(ask(session, raw::sync())), "Z");
  expect_fit(session);
}

TEST_F(extended, highwaters_own_settings_among_others_behind_a_flush) {
  PROXY_ONLY();
  auto session = client();
  session.send(run_unnamed("select 1") + raw::flush() + run_unnamed("set highwater.level = 'strong'") +
               run_unnamed("select 2") + raw::sync());
  const auto answer = session.read_until_ready();
  EXPECT_EQ(raw::types(answer), "12DCEZ") << "in its turn";
  EXPECT_EQ(sqlstate(answer), "0A000");
  expect_fit(session);
}

}  // namespace
}  // namespace highwater::testing_support
