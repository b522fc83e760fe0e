// What one client can make the proxy keep, or keep from others, has bounds.

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <thread>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class bounds : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) {
      config.set("pool", "{size: 3, queue_timeout: 60s}")
          .set("workers", "1")
          .set("limits", "{max_clients: 400, max_logins: 8, max_batch_bytes: 10kB, max_prepared_bytes: 20kB}")
          .set("timeouts", "{stall: 300ms}");
    });
    primary().tell("create table kept (text text)");
  }
  static std::string comment(std::size_t size) { return "/*" + std::string(size, 'x') + "*/"; }
};

TEST_F(bounds, silent_sockets_keep_nobody_out) {
  PROXY_ONLY();
  std::vector<raw::client> silent;
  for (int i = 0; i < 40; ++i) silent.emplace_back(served->port());
  auto session = client();
  EXPECT_EQ(scalar(session, "select 1"), "1");
  const auto told = silent.front().expect('E');
  EXPECT_EQ(raw::error_field(told, 'C'), "53300");
  EXPECT_THAT(raw::error_field(told, 'H'), HasSubstr("limits.max_logins"));
  EXPECT_TRUE(silent.front().closed_within());
  // One of the last to come may still say who it is.
  EXPECT_EQ(sqlstate(silent.back().log_in()), "");
}

TEST_F(bounds, a_message_that_does_not_go_on_gives_its_connection_back) {
  PROXY_ONLY();
  const auto whole = raw::query("select 1 " + comment(50'000));
  const auto batch = raw::parse("", "select 1 " + comment(15'000));  // ... without a Sync
  auto copier = client();
  copier.send(raw::query("copy kept from stdin"));
  copier.expect('G');
  copier.send(raw::copy_data("the first\n"));  // whole: this one may take its time
  for (const auto& part : {whole.substr(0, 20'000), batch}) {
    std::vector<raw::client> stopped;
    for (int i = 0; i < 2; ++i) {
      stopped.push_back(client());
      stopped.back().send(part);
    }
    auto other = client();
    EXPECT_EQ(scalar(other, "select 'served'"), "served");
    for (auto& each : stopped) {
      std::optional<raw::message> last;
      while (auto next = each.read_message()) last = next;
      ASSERT_TRUE(last);
      EXPECT_EQ(raw::error_field(*last, 'C'), "57P05");
      EXPECT_THAT(raw::error_field(*last, 'H'), HasSubstr("timeouts.stall"));
    }
  }
  auto stopped = client();
  stopped.send(raw::query("copy kept from stdin"));
  stopped.expect('G');
  stopped.send(raw::copy_data(std::string(100'000, 'x')).substr(0, 20'000));
  EXPECT_EQ(raw::error_field(stopped.expect('E'), 'C'), "57P05");
  copier.send(raw::copy_data("the last\n") + raw::copy_done());
  EXPECT_EQ(raw::types(copier.read_until_ready()), "CZ");
  EXPECT_EQ(scalar(copier, "select count(*) from kept"), "2");
}

TEST_F(bounds, long_words_before_a_transaction_are_the_servers_to_keep) {
  auto session = client();
  EXPECT_EQ(raw::types(session.query("begin")), "CZ");
  for (int i = 0; i < 20; ++i) {
    const auto answer = session.query("set transaction isolation level repeatable read " + comment(1'000));
    EXPECT_EQ(raw::types(answer), "CZ");
    EXPECT_EQ(answer.back().payload, "T");
  }
  const auto begun = "select count(*) from pg_stat_activity where state = 'idle in transaction'";
  EXPECT_EQ(primary().ask(begun), "1") << "it has begun there, although nothing has been asked in it";
  EXPECT_EQ(scalar(session, "show transaction_isolation"), "repeatable read");
  EXPECT_EQ(raw::types(session.query("commit")), "CZ");
  EXPECT_EQ(raw::types(session.query("begin " + comment(5'000))), "CZ");
  EXPECT_EQ(primary().ask(begun), "1");
  EXPECT_EQ(raw::types(session.query("rollback")), "CZ");
}

TEST_F(bounds, named_statements_are_refused_when_they_are_too_many) {
  PROXY_ONLY();
  auto session = client();
  int kept = 0;
  messages answer;
  for (; kept < 1'000; ++kept) {
    answer = ask(session, raw::parse("s" + std::to_string(kept), "select 'kept' " + comment(500)) + raw::sync());
    if (!sqlstate(answer).empty()) break;
  }
  EXPECT_GT(kept, 20);
  EXPECT_LT(kept, 40);
  EXPECT_EQ(sqlstate(answer), "54000");
  EXPECT_THAT(raw::error_field(answer.front(), 'H'), HasSubstr("limits.max_prepared_bytes"));
  EXPECT_EQ(value(ask(session, run_named("s0") + raw::sync())), "kept");
  EXPECT_EQ(raw::types(ask(session, raw::close_statement("s0") + raw::sync())), "3Z");
  EXPECT_EQ(raw::types(ask(session, raw::parse("next", "select 1 " + comment(500)) + raw::sync())), "1Z");
  // Nothing but a name costs something too.
  auto other = client();
  for (kept = 0; kept < 10'000; ++kept) {
    answer = ask(other, raw::parse(std::to_string(kept), "") + raw::sync());
    if (!sqlstate(answer).empty()) break;
  }
  EXPECT_EQ(sqlstate(answer), "54000");
}

TEST_F(bounds, a_long_unnamed_statement_is_run_and_not_kept) {
  PROXY_ONLY();
  auto session = client();
  const auto sql = "select length('" + std::string(30'000, 'x') + "')";
  EXPECT_EQ(value(ask(session, run_unnamed(sql) + raw::sync())), "30000");
  EXPECT_EQ(sqlstate(ask(session, run_named("") + raw::sync())), "26000");
  session.query("begin");
  EXPECT_EQ(raw::types(ask(session, raw::parse("", sql) + raw::sync())), "1Z");
  EXPECT_EQ(value(ask(session, run_named("") + raw::sync())), "30000") << "its connection has it";
  session.query("commit");
  EXPECT_EQ(value(ask(session, run_unnamed("select 'short'") + raw::sync())), "short");
  EXPECT_EQ(value(ask(session, run_named("") + raw::sync())), "short");
}

TEST_F(bounds, long_settings_stay_where_they_are) {
  auto session = client();
  session.query("select set_config('my.word', repeat('long', 20000), false)");
  session.query("set work_mem = '5MB'");
  const auto backend = scalar(session, "select pg_backend_pid()");
  for (int i = 0; i < 3; ++i) {
    auto other = client();
    EXPECT_EQ(scalar(other, "select coalesce(current_setting('my.word', true), '')"), "");
    EXPECT_EQ(scalar(session, "select length(current_setting('my.word'))"), "80000");
    EXPECT_EQ(scalar(session, "show work_mem"), "5MB");
    EXPECT_EQ(scalar(session, "select pg_backend_pid()"), backend);
  }
}

// What one has sent is dealt with in slices; and it is all answered, in order.
TEST_F(bounds, a_long_pipeline_is_answered_and_others_are_served_meanwhile) {
  auto busy = client();
  auto other = client();
  std::string all;
  constexpr int many = 3'000;
  for (int i = 0; i < many; ++i) all += run_unnamed("select " + std::to_string(i)) + raw::sync();
  std::thread sender([&] { busy.send(all); });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(scalar(other, "select 'served'"), "served");
  for (int i = 0; i < many; ++i) ASSERT_EQ(value(busy.read_until_ready()), std::to_string(i));
  sender.join();
}

// More than look at a view in one turn; some of them leave while they wait.
TEST_F(bounds, hundreds_who_wait_for_a_primary_are_all_served) {
  PROXY_ONLY();
  std::vector<raw::client> all;
  for (int i = 0; i < 300; ++i) all.push_back(client());
  primary().stop(stop_mode::immediate);
  await("it is gone", [] { return served->proxy().metric("highwater_node_up", {{"node", "a"}}) == 0; });
  for (auto& each : all) each.send(raw::query("select 'at last'"));
  await("they wait", [] { return served->proxy().metric("highwater_freshness_waiting") == 300; });
  for (int i = 0; i < 50; ++i) all.pop_back();
  primary().start();
  for (auto& each : all) EXPECT_EQ(value(each.read_until_ready()), "at last");
  EXPECT_EQ(served->proxy().metric("highwater_freshness_waiting"), 0);
}

// A name that did not exist is forgotten; when it exists, whoever has it is let in.
TEST_F(bounds, names_that_do_not_exist_leave_nothing_behind) {
  PROXY_ONLY();
  const auto try_as = [](const std::string& user, const std::string& database) {
    raw::client made(served->port());
    made.send(raw::startup(user, database));
    messages all;
    while (auto next = made.read_message()) {
      all.push_back(*next);
      if (next->type == 'Z') break;
    }
    return sqlstate(all);
  };
  for (int i = 0; i < 30; ++i) EXPECT_EQ(try_as("nobody" + std::to_string(i), "postgres"), "28000");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(try_as("postgres", "nowhere" + std::to_string(i)), "3D000");
  primary().tell("create role nobody7 login");
  await("it is let in", [&] { return try_as("nobody7", "postgres").empty(); });
}

TEST_F(bounds, names_cannot_forge_lines_of_the_log) {
  PROXY_ONLY();
  const std::string evil = "eve\n2026-01-01 00:00:00.000 error lost\x1b[31m\" to database \"x";
  std::string log;
  // There are only so many lines a second, and other tests have had theirs.
  await("both are told of", [&] {
    for (const auto& [user, database] : {std::pair{evil, std::string("postgres")}, {std::string("postgres"), evil}}) {
      raw::client made(served->port());
      made.send(raw::startup(user, database));
      EXPECT_TRUE(made.closed_within());
    }
    log = served->proxy().log();
    const std::string safe = "\"eve\\n2026-01-01 00:00:00.000 error lost\\x1B[31m\\\" to database \\\"x\"";
    return log.find("as user " + safe) != std::string::npos && log.find("to database " + safe) != std::string::npos;
  });
  const std::regex line(
      R"(highwater: listening on .*|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (info|warning|error|debug|trace|critical) .*)");
  std::istringstream lines(log);
  for (std::string each; std::getline(lines, each);) {
    EXPECT_TRUE(std::regex_match(each, line)) << each;
    EXPECT_TRUE(std::none_of(each.begin(), each.end(), [](unsigned char c) { return c < 0x20; })) << each;
  }
}

TEST_F(bounds, lines_about_users_that_do_not_exist_are_rationed) {
  PROXY_ONLY();
  const auto count = [](const std::string& what) {
    const auto log = served->proxy().log();
    int found = 0;
    for (auto at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) ++found;
    return found;
  };
  const auto before = count("cannot be connected to as user");
  std::vector<raw::client> all;
  constexpr int many = 300;
  for (int i = 0; i < many; ++i) {
    all.emplace_back(served->port());
    all.back().send(raw::startup("stranger" + std::to_string(i), "postgres"));
  }
  for (auto& each : all) EXPECT_TRUE(each.closed_within());
  EXPECT_LT(count("cannot be connected to as user") - before, many);
}

}  // namespace
}  // namespace highwater::testing_support
