// A session's settings go with it to whichever connection it is given, and to nobody else.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class settings : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1, .roles = {{.name = "reader"}}},
          [](highwater_config& config) { config.set("pool", "{size: 1}"); });
    primary().tell("create schema own; create table own.t (n int); insert into own.t values (7)");
    served->cluster().await_replay();
  }

  static constexpr const char* default_path = "\"$user\", public";

  static std::string show(raw::client& of, const std::string& name) { return scalar(of, "show " + name); }
  // On the replica, where it is a read, and on the primary.
  static std::string everywhere_of(raw::client& of, const std::string& what) {
    const auto ask_for = "select " + what + " from pg_class limit 1";
    const auto read = scalar(of, ask_for);
    of.query("begin");
    const auto written = scalar(of, ask_for);
    of.query("commit");
    return read == written ? read : "replica: " + read + ", primary: " + written;
  }
  static std::string everywhere(raw::client& of, const std::string& name) {
    const auto read = everywhere_of(of, "current_setting('" + name + "')");
    const auto shown = show(of, name);
    return read == shown ? read : read + ", shown: " + shown;
  }
  // A server that has met the name once knows it for ever; it has no value then.
  static void expect_no_tenant() {
    auto other = client();
    EXPECT_EQ(everywhere_of(other, "coalesce(current_setting('app.tenant', true), '')"), "");
  }
  static void expect_untouched(const std::string& name, const std::string& value) {
    auto other = client();
    EXPECT_EQ(everywhere(other, name), value) << "met by another session";
  }
};

TEST_F(settings, set_and_reset) {
  auto session = client();
  session.query("set work_mem = '7MB'");
  expect_untouched("work_mem", "4MB");
  EXPECT_EQ(everywhere(session, "work_mem"), "7MB");
  session.query("reset work_mem");
  EXPECT_EQ(everywhere(session, "work_mem"), "4MB");
  session.query("set work_mem to default");
  EXPECT_EQ(everywhere(session, "work_mem"), "4MB");
}

TEST_F(settings, search_path_is_not_reported_and_yet_does_not_leak) {
  auto session = client();
  session.query("set search_path = own");
  expect_untouched("search_path", default_path);
  EXPECT_EQ(everywhere(session, "search_path"), "own");
  EXPECT_EQ(scalar(session, "select n from t"), "7");
  auto other = client();
  EXPECT_EQ(scalar(other, "select n from t"), "42P01");
}

TEST_F(settings, many_kinds_of_them) {
  auto session = client();
  session.query("set timezone = 'Asia/Tokyo'");
  session.query("set application_name = 'it''s \\ mine'");
  session.query("set datestyle = 'German'");
  session.query("set extra_float_digits = 0");
  session.query("set my.own = 'thing'");
  session.query("set statement_timeout = 123456");
  session.query("set session characteristics as transaction isolation level repeatable read");
  expect_untouched("timezone", primary().ask("show timezone"));
  expect_untouched("application_name", "");
  EXPECT_EQ(everywhere(session, "timezone"), "Asia/Tokyo");
  EXPECT_EQ(everywhere(session, "application_name"), "it's \\ mine");
  EXPECT_EQ(everywhere(session, "datestyle"), "German, DMY");
  EXPECT_EQ(everywhere(session, "extra_float_digits"), "0");
  EXPECT_EQ(everywhere(session, "my.own"), "thing");
  EXPECT_EQ(everywhere(session, "statement_timeout"), "123456ms");
  EXPECT_EQ(everywhere(session, "default_transaction_isolation"), "repeatable read");
}

TEST_F(settings, of_a_client_that_leaves_before_the_answer_are_met_by_nobody) {
  for (const std::string sql :
       {"set work_mem = '6MB'", "select set_config('work_mem', '6MB', false)", "set role reader"}) {
    auto session = client();
    session.send(raw::query(sql) + raw::terminate());
    EXPECT_TRUE(session.closed_within());
    expect_untouched("work_mem", "4MB");
    expect_untouched("role", "none");
  }
}

TEST_F(settings, roles) {
  auto session = client();
  session.query("set role reader");
  EXPECT_EQ(scalar(session, "select current_user"), "reader");
  auto other = client();
  EXPECT_EQ(scalar(other, "select current_user"), "postgres");
  other.query("begin");
  EXPECT_EQ(scalar(other, "select current_user"), "postgres");
  other.query("commit");
  EXPECT_EQ(sqlstate(session.query("select n from own.t")), "42501");
  session.query("reset role");
  EXPECT_EQ(scalar(session, "select current_user"), "postgres");
  session.query("set role reader");
  session.query("set role none");
  EXPECT_EQ(scalar(session, "select current_user"), "postgres");
}

// Whoever may set something only as somebody else stays where it is set; who is itself again does not.
TEST_F(settings, of_a_session_that_is_itself_again_move_with_it) {
  PROXY_ONLY();
  const auto pins = [] { return served->proxy().metric("highwater_pins_total", {{"reason", "session_identity"}}); };
  auto session = client();
  const auto before = pins();
  for (const auto* sql : {"set role reader", "set role none", "set work_mem = '7MB'", "begin", "select 1/0",
                          "set role reader", "rollback", "set work_mem = '8MB'"})
    session.query(sql);
  EXPECT_EQ(pins(), before);
  session.query("set role reader");
  session.query("set work_mem = '9MB'");
  EXPECT_EQ(pins(), before + 1);
}

TEST_F(settings, session_authorization_does_not_leak) {
  {
    auto session = client();
    session.query("set session authorization reader");
    EXPECT_EQ(scalar(session, "select session_user"), "reader");
  }
  auto other = client();
  other.query("begin");
  EXPECT_EQ(scalar(other, "select session_user"), "postgres");
}

TEST_F(settings, set_config) {
  auto session = client();
  EXPECT_EQ(scalar(session, "select set_config('work_mem', '9MB', false)"), "9MB");
  expect_untouched("work_mem", "4MB");
  EXPECT_EQ(everywhere(session, "work_mem"), "9MB");
  EXPECT_EQ(scalar(session, "select set_config('work_mem', '11MB', true)"), "11MB");
  EXPECT_EQ(everywhere(session, "work_mem"), "9MB");
}

TEST_F(settings, set_config_with_parameters) {
  {
    auto session = client();
    const auto answer =
        ask(session, run_unnamed("select set_config($1, $2, false)", {"work_mem", "10MB"}) + raw::sync());
    EXPECT_EQ(value(answer), "10MB");
    EXPECT_EQ(show(session, "work_mem"), "10MB");
  }
  expect_untouched("work_mem", "4MB");
}

TEST_F(settings, local_ones_end_with_their_transaction) {
  auto session = client();
  session.query("begin");
  session.query("set local work_mem = '8MB'");
  EXPECT_EQ(show(session, "work_mem"), "8MB");
  session.query("commit");
  EXPECT_EQ(everywhere(session, "work_mem"), "4MB");
  session.query("begin; set local work_mem = '8MB'; commit");
  EXPECT_EQ(everywhere(session, "work_mem"), "4MB");
  expect_untouched("work_mem", "4MB");
}

TEST_F(settings, are_undone_with_their_transaction) {
  auto session = client();
  session.query("set work_mem = '5MB'");
  session.query("begin");
  session.query("set work_mem = '6MB'");
  EXPECT_EQ(show(session, "work_mem"), "6MB");
  session.query("rollback");
  EXPECT_EQ(everywhere(session, "work_mem"), "5MB");

  session.query("begin");
  session.query("set work_mem = '6MB'");
  session.query("select 1/0");
  session.query("commit");
  EXPECT_EQ(everywhere(session, "work_mem"), "5MB");

  session.query("set work_mem = '6MB'; select 1/0");
  EXPECT_EQ(everywhere(session, "work_mem"), "5MB");

  ask(session, run_unnamed("set work_mem = '6MB'") + run_unnamed("select 1/0") + raw::sync());
  EXPECT_EQ(everywhere(session, "work_mem"), "5MB");
}

TEST_F(settings, are_undone_with_their_savepoint) {
  auto session = client();
  session.query("begin");
  session.query("set work_mem = '5MB'");
  session.query("savepoint s");
  session.query("set work_mem = '6MB'");
  session.query("set search_path = own");
  session.query("rollback to s");
  session.query("commit");
  EXPECT_EQ(everywhere(session, "work_mem"), "5MB");
  EXPECT_EQ(everywhere(session, "search_path"), default_path);
}

TEST_F(settings, reset_all_and_discard_all_lead_back_to_the_login) {
  for (const std::string how : {"reset all", "discard all"}) {
    auto session = client({{"work_mem", "12MB"}});
    session.query("set work_mem = '6MB'");
    session.query("set search_path = own");
    EXPECT_EQ(sqlstate(session.query(how)), "");
    EXPECT_EQ(everywhere(session, "work_mem"), "12MB") << how;
    EXPECT_EQ(everywhere(session, "search_path"), default_path) << how;
    expect_untouched("work_mem", "4MB");
    expect_untouched("search_path", default_path);
  }
}

TEST_F(settings, reset_leads_back_to_the_login) {
  for (const std::string how : {"reset work_mem", "set work_mem to default", "begin; reset work_mem; commit",
                                "set work_mem = '4MB'; reset work_mem", "reset all; reset work_mem"}) {
    SCOPED_TRACE(how);
    auto session = client({{"work_mem", "12MB"}});
    session.query("set work_mem = '6MB'");
    EXPECT_EQ(sqlstate(session.query(how)), "");
    EXPECT_EQ(everywhere(session, "work_mem"), "12MB");
    EXPECT_EQ(sqlstate(ask(session, run_unnamed("reset work_mem") + raw::sync())), "");
    EXPECT_EQ(everywhere(session, "work_mem"), "12MB");
    expect_untouched("work_mem", "4MB");
  }
}

// Also while its transaction is under way, for whoever looks, and whatever becomes of it.
TEST_F(settings, reset_within_a_transaction_leads_back_to_the_login) {
  for (const std::string reset : {"reset work_mem", "reset all", "set work_mem to default"}) {
    for (const bool extended : {false, true}) {
      SCOPED_TRACE(reset + (extended ? ", extended" : ""));
      auto session = client({{"options", "-c work_mem=12MB"}});
      const auto run = [&](const std::string& sql) {
        const auto told = extended ? ask(session, run_unnamed(sql) + raw::sync()) : session.query(sql);
        EXPECT_EQ(raw::types(told), extended ? "12CZ" : "CZ") << sql;
      };
      const auto now = [&] { return scalar(session, "select current_setting('work_mem')"); };
      for (const std::string end : {"rollback", "commit"}) {
        session.query("set work_mem = '6MB'");
        run("begin");
        run(reset);
        EXPECT_EQ(show(session, "work_mem"), "12MB");
        run("savepoint s");
        run("set work_mem = '7MB'");
        run(reset + " -- as it was");
        EXPECT_EQ(now(), "12MB");
        run("set work_mem = '8MB'");
        run("savepoint inner_one");
        run(reset);
        EXPECT_EQ(now(), "12MB");
        run("rollback to inner_one");
        EXPECT_EQ(now(), "8MB");
        run("rollback to s");
        EXPECT_EQ(now(), "12MB");
        run(end);
        EXPECT_EQ(everywhere(session, "work_mem"), end == "commit" ? "12MB" : "6MB");
        expect_untouched("work_mem", "4MB");
      }
    }
  }
}

TEST_F(settings, reset_is_seen_by_what_is_pipelined_behind_it) {
  auto session = client({{"work_mem", "12MB"}});
  session.query("set work_mem = '6MB'");
  const auto shows = run_unnamed("show work_mem");
  EXPECT_EQ(value(ask(session, run_unnamed("reset work_mem") + shows + raw::sync())), "12MB");
  session.query("begin");
  session.query("set work_mem = '6MB'");
  // A portal may be run later than it was bound, or not at all, and may be another one by then.
  ask(session, raw::parse("r", "reset all") + raw::bind("p", "r") + raw::bind("q", "r") + raw::sync());
  EXPECT_EQ(show(session, "work_mem"), "6MB");
  EXPECT_EQ(raw::types(ask(session, raw::execute("p") + raw::sync())), "CZ");
  EXPECT_EQ(show(session, "work_mem"), "12MB");
  session.query("set work_mem = '6MB'");
  EXPECT_EQ(value(ask(session, raw::close_portal("q") + raw::parse("", "show work_mem") + raw::bind("q", "") +
                                   raw::execute("q") + raw::sync())),
            "6MB");
  session.query("commit");
  EXPECT_EQ(everywhere(session, "work_mem"), "6MB");
}

TEST_F(settings, reset_within_a_transaction_is_reported_at_once) {
  auto session = client({{"timezone", "Asia/Tokyo"}});
  session.query("begin");
  EXPECT_EQ(raw::types(session.query("set timezone = 'Europe/Rome'")), "CSZ");
  for (const std::string reset : {"reset timezone", "reset all"}) {
    const auto told = session.query(reset);
    ASSERT_EQ(raw::types(told), reset == "reset all" ? "CZ" : "CSZ");
    if (told[1].type == 'S') {
      EXPECT_EQ(told[1].payload, std::string("TimeZone\0Asia/Tokyo\0", 20));
    }
  }
  EXPECT_EQ(raw::types(session.query("rollback")), "CZ");
}

TEST_F(settings, reset_that_is_rolled_back) {
  auto session = client({{"work_mem", "12MB"}});
  session.query("set work_mem = '6MB'");
  session.query("begin; reset work_mem; rollback");
  EXPECT_EQ(everywhere(session, "work_mem"), "6MB");
  for (const char* sql : {"begin", "savepoint s", "reset work_mem", "rollback to s", "commit"}) session.query(sql);
  EXPECT_EQ(everywhere(session, "work_mem"), "6MB");
  for (const char* sql : {"begin", "savepoint s", "reset all", "rollback to s", "commit"}) session.query(sql);
  EXPECT_EQ(everywhere(session, "work_mem"), "6MB");
  expect_untouched("work_mem", "4MB");
}

TEST_F(settings, reset_in_a_session_that_keeps_its_connection) {
  for (const std::string how : {"reset work_mem", "reset all"}) {
    auto session = client({{"work_mem", "12MB"}});
    session.query("create temporary table mine (n int)");
    session.query("set work_mem = '6MB'");
    EXPECT_EQ(show(session, "work_mem"), "6MB");
    session.query(how);
    EXPECT_EQ(show(session, "work_mem"), "12MB") << how;
    EXPECT_EQ(scalar(session, "select count(*) from mine"), "0");
  }
  expect_untouched("work_mem", "4MB");
}

TEST_F(settings, reset_all_that_is_rolled_back) {
  auto session = client();
  session.query("set search_path = own");
  session.query("begin");
  session.query("reset all");
  EXPECT_EQ(show(session, "search_path"), default_path);
  session.query("rollback");
  expect_untouched("search_path", default_path);
  EXPECT_EQ(everywhere(session, "search_path"), "own");
}

TEST_F(settings, reset_all_among_others_in_a_transaction) {
  auto session = client();
  session.query("set search_path = own");
  session.query("begin");
  session.query("reset all");
  session.query("set work_mem = '6MB'");
  session.query("commit");
  expect_untouched("search_path", default_path);
  expect_untouched("work_mem", "4MB");
  EXPECT_EQ(everywhere(session, "search_path"), default_path);
  EXPECT_EQ(everywhere(session, "work_mem"), "6MB");
  session.query("reset all; set work_mem = '7MB'");
  expect_untouched("work_mem", "4MB");
  EXPECT_EQ(everywhere(session, "work_mem"), "7MB");
}

TEST_F(settings, reset_all_that_is_only_prepared) {
  auto session = client();
  session.query("set search_path = own");
  ask(session, raw::parse("r", "reset all") + raw::sync());
  expect_untouched("search_path", default_path);
  EXPECT_EQ(everywhere(session, "search_path"), "own");
  ask(session, run_named("r") + raw::sync());
  EXPECT_EQ(everywhere(session, "search_path"), default_path);
  expect_untouched("search_path", default_path);
}

TEST_F(settings, set_in_front_of_a_flush) {
  auto session = client();
  session.send(run_unnamed("set work_mem = '5MB'") + raw::flush());
  session.read_until('C');
  session.send(run_unnamed("reset all") + raw::flush());
  session.read_until('C');
  session.send(run_unnamed("set search_path = own") + raw::sync());
  EXPECT_EQ(sqlstate(session.read_until_ready()), "");
  expect_untouched("search_path", default_path);
  expect_untouched("work_mem", "4MB");
  EXPECT_EQ(everywhere(session, "search_path"), "own");
  EXPECT_EQ(everywhere(session, "work_mem"), "4MB");
}

TEST_F(settings, at_startup) {
  auto session = client({{"work_mem", "13MB"},
                         {"Search_Path", "own"},
                         {"application_name", "wire"},
                         {"options", "-c statement_timeout=7s -clock_timeout=8s --my.word=spaced\\ out"}});
  EXPECT_EQ(everywhere(session, "work_mem"), "13MB");
  EXPECT_EQ(everywhere(session, "search_path"), "own");
  EXPECT_EQ(everywhere(session, "application_name"), "wire");
  EXPECT_EQ(everywhere(session, "statement_timeout"), "7s");
  EXPECT_EQ(everywhere(session, "lock_timeout"), "8s");
  EXPECT_EQ(everywhere(session, "my.word"), "spaced out");
  expect_untouched("work_mem", "4MB");
  expect_untouched("statement_timeout", "0");
}

TEST_F(settings, startup_mistakes_are_told) {
  const std::vector<std::pair<parameters, std::string>> table{
      {{{"work_mem", "much"}}, "22023"},         {{{"no_such_setting", "1"}}, "42704"},
      {{{"options", "-c work_mem"}}, ""},        {{{"options", "--geqo=perhaps"}}, "22023"},
      {{{"highwater.level", "quick"}}, "22023"}, {{{"max_connections", "1"}}, "55P02"}};
  for (const auto& [wrong, code] : table) {
    if (testing_direct() && wrong.front().first.starts_with("highwater")) continue;
    raw::client made(served->port());
    made.send(raw::startup("postgres", "postgres", wrong));
    messages answer;
    while (auto next = made.read_message()) answer.push_back(*next);
    EXPECT_NE(sqlstate(answer), "") << wrong.front().first;
    if (!code.empty()) {
      EXPECT_EQ(sqlstate(answer), code) << describe_all(answer);
    }
    EXPECT_EQ(raw::error_field(answer.back(), 'S'), "FATAL");
  }
  expect_untouched("work_mem", "4MB");
}

TEST_F(settings, the_client_is_told_what_the_server_reports) {
  auto session = served->connect();
  EXPECT_EQ(session.setting("server_version"), primary().connect().setting("server_version"));
  EXPECT_EQ(session.setting("standard_conforming_strings"), "on");
  EXPECT_EQ(session.setting("in_hot_standby"), "off");
  session.must("set timezone = 'Asia/Tokyo'");
  EXPECT_EQ(session.setting("TimeZone"), "Asia/Tokyo");
  session.must("begin; set timezone = 'Asia/Seoul'; rollback");
  EXPECT_EQ(session.setting("TimeZone"), "Asia/Tokyo");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(session.scalar("select 1"), "1");
  EXPECT_EQ(session.setting("in_hot_standby"), "off");
  EXPECT_EQ(session.setting("TimeZone"), "Asia/Tokyo");
  pg::connection tokyo(served->conninfo() + " options='-c timezone=Asia/Tokyo' application_name=told");
  EXPECT_EQ(tokyo.setting("TimeZone"), "Asia/Tokyo");
  EXPECT_EQ(tokyo.setting("application_name"), "told");
}

TEST_F(settings, strings_that_do_not_conform_to_the_standard) {
  auto session = client();
  session.query("set standard_conforming_strings = off");
  session.query("set escape_string_warning = off");
  EXPECT_EQ(scalar(session, "select 'it\\'s one string; delete from own.t; -- '"),
            "it's one string; delete from own.t; -- ");
  session.query("set application_name = 'back\\\\slash'");
  EXPECT_EQ(show(session, "application_name"), "back\\slash");
  auto other = client();
  EXPECT_EQ(scalar(other, "select 'back\\slash'"), "back\\slash");
  EXPECT_EQ(show(session, "application_name"), "back\\slash");
  EXPECT_EQ(scalar(session, "select 'it\\'s'"), "it's");
  EXPECT_EQ(scalar(other, "select count(*) from own.t"), "1");
}

// A text then means something else than the parser sees.
TEST_F(settings, strings_that_do_not_conform_by_the_roles_default) {
  PROXY_ONLY();
  primary().tell("create role old_fashioned login; alter role old_fashioned set standard_conforming_strings = off");
  served->cluster().await_replay();
  raw::client session(served->port());
  ASSERT_EQ(sqlstate(session.log_in("old_fashioned")), "");
  session.query("set highwater.level = eventual");
  const auto role = [&] {
    EXPECT_EQ(scalar(session, "select 'it' from pg_class limit 1"), "it");
    const auto route = scalar(session, "show highwater.last_route");
    return route.find("role=replica") != std::string::npos ? "replica" : "primary";
  };
  auto other = client({{"highwater.level", "eventual"}});
  await("reads are known as such", [&] {
    other.query("select 'it' from pg_class limit 1");
    return scalar(other, "show highwater.last_route").find("role=replica") != std::string::npos;
  });
  EXPECT_STREQ(role(), "primary");
  session.query("set standard_conforming_strings = on");
  session.query("set client_encoding = utf8");
  await("texts can be read again", [&] { return role() == std::string("replica"); });
}

TEST_F(settings, a_setting_that_cannot_be_restored_is_told_and_hurts_nobody_else) {
  PROXY_ONLY();
  primary().tell("create role fleeting; grant fleeting to postgres");
  auto session = client();
  EXPECT_EQ(sqlstate(session.query("set role fleeting")), "");
  {
    auto other = client();
    other.query("begin");
    EXPECT_EQ(scalar(other, "select current_user"), "postgres");
    other.query("commit");
  }
  primary().tell("drop role fleeting");
  EXPECT_NE(sqlstate(session.query("insert into own.t values (8)")), "");
  expect_untouched("role", "none");
}

TEST_F(settings, many_sessions_over_one_connection) {
  std::vector<raw::client> sessions;
  constexpr std::size_t count = 8;
  for (std::size_t i = 0; i < count; ++i) {
    sessions.push_back(client({{"application_name", "app" + std::to_string(i)}}));
    sessions.back().query("set work_mem = '" + std::to_string(i + 1) + "MB'");
  }
  for (int round = 0; round < 3; ++round) {
    for (auto& each : sessions)
      each.send(raw::query("select current_setting('work_mem') || current_setting('application_name')"));
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(value(sessions[i].read_until_ready()), std::to_string(i + 1) + "MBapp" + std::to_string(i));
    }
  }
}

// A server turns literals into values, and finds out types, when it prepares a statement.
TEST_F(settings, prepared_statements_are_shared_by_sessions_with_the_same_ones_only) {
  const std::string sql =
      "select extract(epoch from timestamptz '2024-01-01 00:00')::bigint || ' ' || (date '01/02/2020' - '2020-01-01')";
  std::vector<raw::client> others;  // so that each is served by either worker, in turn
  for (int again = 0; again < 2; ++again) {
    others.push_back(client());
    auto here = client({{"timezone", "UTC"}, {"datestyle", "ISO, MDY"}});
    auto there = client({{"timezone", "Asia/Tokyo"}, {"datestyle", "ISO, DMY"}});
    for (auto* each : {&here, &there}) ask(*each, raw::parse("s", sql) + raw::sync());
    EXPECT_EQ(value(ask(here, run_named("s") + raw::sync())), "1704067200 1");
    EXPECT_EQ(value(ask(there, run_named("s") + raw::sync())), "1704034800 31");
  }
}

TEST_F(settings, what_is_prepared_under_local_ones_is_nobody_elses) {
  const std::string sql = "select extract(epoch from timestamptz '2024-01-01 00:00')::bigint from own.t";
  const std::string in_tokyo = "1704034800";
  std::vector<raw::client> others;  // on each of the workers
  for (int again = 0; again < 2; ++again) {
    auto session = client({{"timezone", "UTC"}});
    session.query("begin");
    session.query("set local timezone = 'Asia/Tokyo'");
    EXPECT_EQ(value(ask(session, raw::parse("s", sql) + run_named("s") + raw::sync())), in_tokyo);
    session.query("commit");
    for (int k = 0; k < 2; ++k) {
      others.push_back(client({{"timezone", "UTC"}}));
      others.back().query("begin");  // on the primary, where it was prepared
      EXPECT_EQ(value(ask(others.back(), raw::parse("s", sql) + run_named("s") + raw::sync())), "1704067200");
      others.back().query("commit");
    }
  }
}

// The node that it is run on meets it for the first time, under settings that are not those of its Parse.
TEST_F(settings, what_is_run_under_others_than_it_was_prepared_under_is_nobody_elses) {
  for (const std::string change : {"set local timezone = 'Asia/Tokyo'", "set timezone = 'Asia/Tokyo'"}) {
    const auto sql = "select extract(epoch from timestamptz '2024-01-01 00:00')::bigint from own.t /* " + change + "*/";
    std::vector<raw::client> sessions;  // on each of the workers
    for (int again = 0; again < 2; ++again) {
      sessions.push_back(client({{"timezone", "UTC"}}));
      auto& session = sessions.back();
      ask(session, raw::parse("s", sql) + raw::sync());
      session.query("begin");
      session.query(change);
      EXPECT_NE(value(ask(session, run_named("s") + raw::sync())), "");
      session.query("commit");
    }
    for (int k = 0; k < 4; ++k) {
      sessions.push_back(client({{"timezone", "UTC"}}));
      sessions.back().query("begin");
      EXPECT_EQ(value(ask(sessions.back(), raw::parse("s", sql) + run_named("s") + raw::sync())), "1704067200");
      sessions.back().query("commit");
    }
  }
}

TEST_F(settings, reset_tells_the_driver_what_it_leads_back_to) {
  for (const std::string reset : {"reset all", "discard all", "reset timezone", "set timezone to default"}) {
    auto session = client({{"timezone", "Asia/Tokyo"}});
    session.query("set timezone = 'Europe/Rome'");
    session.send(raw::query(reset) + raw::query("select 1"));
    std::string last;
    for (int i = 0; i < 2; ++i) {
      for (const auto& one : session.read_until_ready()) {
        if (one.type == 'S' && one.payload.starts_with(std::string("TimeZone\0", 9))) last = one.payload.substr(9);
      }
    }
    EXPECT_EQ(last.substr(0, 10), "Asia/Tokyo") << reset;
    EXPECT_EQ(show(session, "timezone"), "Asia/Tokyo") << reset;
  }
}

// In one order, whether a server has said it or not; and whatever was skipped before.
TEST_F(settings, reset_tells_the_driver_in_the_order_of_names) {
  for (const std::string reset : {"reset all", "discard all"}) {
    for (const bool skipped : {false, true}) {
      auto session = client({{"application_name", "here"}});
      session.query("listen anything");  // it keeps its connection
      session.query("set application_name = 'there'");
      session.query("set intervalstyle = 'iso_8601'");
      if (skipped) {
        EXPECT_EQ(sqlstate(ask(session, raw::execute() + raw::query("do $$begin end$$") + raw::sync())), "34000");
      }
      std::string told;
      for (const auto& one : session.query(reset)) {
        if (one.type == 'S') told += one.payload.substr(0, one.payload.find('\0')) + " ";
      }
      EXPECT_EQ(told, "application_name IntervalStyle ") << reset << (skipped ? ", behind what was skipped" : "");
    }
  }
}

TEST_F(settings, a_role_comes_behind_what_only_its_maker_may_set) {
  auto session = client();
  session.query("set session_replication_role = 'replica'");
  session.query("set role reader");
  expect_untouched("session_replication_role", "origin");
  EXPECT_EQ(scalar(session, "select current_user || ' ' || current_setting('session_replication_role')"),
            "reader replica");
}

TEST_F(settings, value_that_is_a_parameter_needs_no_connection_of_its_own) {
  auto session = client();
  const std::string sql = "select set_config('app.tenant', $1, false)";
  EXPECT_EQ(value(ask(session, run_unnamed(sql, {"tenant a"}) + raw::sync())), "tenant a");
  expect_no_tenant();
  EXPECT_EQ(everywhere(session, "app.tenant"), "tenant a");
}

TEST_F(settings, made_by_a_statement_that_is_run_by_its_name) {
  auto session = client();
  ask(session, raw::parse("tenant", "select set_config('app.tenant', $1, false)") +
                   raw::parse("length", "select length($1::text)") + raw::sync());
  EXPECT_EQ(scalar(session, "execute tenant('by execute')"), "by execute");
  expect_no_tenant();
  EXPECT_EQ(show(session, "app.tenant"), "by execute");

  const std::string large(600'000, 'x');  // more than a batch that is looked at
  ask(session, run_named("length", {large}) + run_named("tenant", {"in a long batch"}) + raw::sync());
  expect_no_tenant();
  EXPECT_EQ(show(session, "app.tenant"), "in a long batch");
}

TEST_F(settings, made_within_a_code_block_are_not_met_by_others) {
  auto session = client();
  session.query("do $$ begin perform set_config('app.tenant', 'a', false); end $$");
  expect_no_tenant();
}

// Drivers expect ParameterStatus for a change, before the ReadyForQuery of what has changed it.
TEST_F(settings, changes_are_told_once_and_before_ready_for_query) {
  for (const bool at_login : {false, true}) {
    parameters asked;
    if (at_login) asked.emplace_back("timezone", "Asia/Tokyo");
    auto session = client(asked);
    const std::string login = at_login ? "Asia/Tokyo" : scalar(session, "show timezone");
    struct row {
      std::string sql;
      std::string told;  // the new TimeZone; empty: nothing
    };
    const row rows[] = {
        {"set timezone = 'America/Lima'", "America/Lima"},
        {"set timezone = 'America/Lima'", ""},
        {"select 1", ""},
        {"reset timezone", login},
        {"reset timezone", ""},
        {"set work_mem = '1MB'", ""},
        {"begin; set timezone = 'Africa/Lagos'; commit", "Africa/Lagos"},
        {"begin; set timezone = 'Europe/Rome'; rollback", ""},
        {"begin; set local timezone = 'Europe/Rome'; commit", ""},
        {"reset all", login},
        {"set timezone = 'Europe/Oslo'", "Europe/Oslo"},
        {"discard all", login},
    };
    for (const auto& each : rows) {
      const auto answer = session.query(each.sql);
      std::string told;
      for (const auto& one : answer) {
        if (one.type == 'S') told += one.payload;
      }
      const std::string zero(1, '\0');
      EXPECT_EQ(told, each.told.empty() ? "" : "TimeZone" + zero + each.told + zero) << each.sql << " " << at_login;
    }
    // Nothing comes behind: what is asked next is answered by what answers it.
    EXPECT_EQ(raw::types(session.query("select 2")), "TDCZ");
    EXPECT_EQ(scalar(session, "show timezone"), login);
  }
}

TEST_F(settings, of_other_sessions_are_no_news) {
  auto one = client();
  for (int i = 0; i < 4; ++i) {
    auto other = client();
    other.query("set timezone = 'Asia/Kolkata'");
    other.query("select 1");
    EXPECT_EQ(raw::types(one.query("select n from (values (1)) as t (n)")), "TDCZ");
    EXPECT_EQ(raw::types(one.query("begin; set local datestyle = 'German'; select 1; commit")), "CCTDCCZ");
  }
}

}  // namespace
}  // namespace highwater::testing_support
