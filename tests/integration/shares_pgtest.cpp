// How much each user and database may have: clients, server connections, and time.

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

constexpr const char* limits =
    "{server_connections: 4, per_user: {few: {clients: 2}, one: {server_connections: 1}, own: {pool: {size: 1, "
    "queue_timeout: 300ms}}}, per_database: {small: {clients: 1}}}";
constexpr const char* times = "{stall: 60s, cleaning: 500ms}";

class shares : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) {
      config.set("pool", "{size: 4, queue_timeout: 10s}").set("limits", limits).set("timeouts", times);
    });
    for (const char* user : {"few", "one", "own", "ann", "bob", "kept"})
      primary().tell("create role " + std::string(user) + " login");
    primary().tell("create database small");
    primary().tell("create table t (n int); grant all on t to public");
  }
  void SetUp() override { PROXY_ONLY(); }
  void TearDown() override { serve_with(config()); }

  static highwater_config config() {
    return highwater_config(served->cluster())
        .set("pool", "{size: 4, queue_timeout: 10s}")
        .set("limits", limits)
        .set("timeouts", times);
  }
  static void serve_with(const highwater_config& other) { served->proxy().reload(other); }

  static raw::client session_of(const std::string& user, const std::string& database = "postgres") {
    raw::client made(served->port());
    EXPECT_EQ(sqlstate(made.log_in(user, database)), "") << user;
    return made;
  }
  static std::string refusal(const std::string& user, const std::string& database) {
    raw::client one(served->port());
    one.send(raw::startup(user, database));
    const auto answer = one.expect('E');
    return raw::error_field(answer, 'S') + " " + raw::error_field(answer, 'C') + " " + raw::error_field(answer, 'M');
  }
  static std::string backends_of(const std::string& user) {
    return primary().ask("select count(*) from pg_stat_activity where usename = '" + user + "'");
  }
  static void hold(raw::client& one) {
    one.query("begin");
    EXPECT_EQ(sqlstate(one.query("insert into t values (1)")), "");
  }
};

TEST_F(shares, clients_of_a_user_and_of_a_database) {
  std::vector<raw::client> all;
  for (int i = 0; i < 2; ++i) all.push_back(session_of("few"));
  EXPECT_EQ(refusal("few", "postgres"), "FATAL 53300 too many connections for role \"few\"");
  all.push_back(session_of("ann", "small"));
  EXPECT_EQ(refusal("bob", "small"), "FATAL 53300 too many connections for database \"small\"");
  EXPECT_EQ(refusal("few", "small"), "FATAL 53300 too many connections for role \"few\"");
  all.clear();
  await("they have gone", [] { return served->proxy().metric("highwater_clients") == 0; });
  auto again = session_of("few", "small");
  EXPECT_EQ(scalar(again, "select 1"), "1");
}

TEST_F(shares, server_connections_of_a_user_in_all_databases) {
  auto here = session_of("one"), there = session_of("one", "small");
  EXPECT_EQ(scalar(here, "select 1"), "1");
  EXPECT_EQ(scalar(there, "select current_database()"), "small") << "nobody needs the one to the other database";
  EXPECT_EQ(backends_of("one"), "1");
  hold(here);
  there.send(raw::query("select 2"));
  await("it waits", [] { return served->proxy().metric("highwater_pool_queue_length") == 1; });
  EXPECT_EQ(backends_of("one"), "1");
  here.query("commit");
  EXPECT_EQ(value(there.read_until_ready()), "2");
}

TEST_F(shares, a_pool_of_ones_own) {
  auto holder = session_of("own"), waiter = session_of("own");
  hold(holder);
  const auto answer = waiter.query("select 1");
  EXPECT_EQ(sqlstate(answer), "53300");
  EXPECT_THAT(raw::error_field(answer.front(), 'M'), HasSubstr("300 ms"));
  EXPECT_THAT(raw::error_field(answer.front(), 'D'), HasSubstr("All 1 connections"));
}

// Clients that ask again as soon as they are answered, until it ends; what they ask keeps the servers and not this
// machine, so that some of them wait at every moment.
class load {
public:
  load(std::vector<raw::client> clients) : clients_(std::move(clients)) {
    for (auto& one : clients_) {
      threads_.emplace_back([this, &one] {
        while (!over_) {
          const auto answer = one.query("select pg_sleep(0.005)");
          if (answer.front().type == 'E') failed_ = true;
        }
      });
    }
  }
  ~load() {
    over_ = true;
    for (auto& one : threads_) one.join();
    EXPECT_FALSE(failed_);
  }

private:
  std::atomic<bool> over_{false}, failed_{false};
  std::vector<raw::client> clients_;
  std::vector<std::thread> threads_;
};

TEST_F(shares, nobody_starves_beside_a_user_who_is_always_busy) {
  std::vector<raw::client> busy;
  for (int i = 0; i < 12; ++i) busy.push_back(session_of("ann"));
  auto bob = session_of("bob"), kept = session_of("kept", "small");
  const load work(std::move(busy));
  await("ann has all", [] { return backends_of("ann") == "4"; });
  EXPECT_EQ(scalar(bob, "select 1"), "1");
  hold(bob);
  EXPECT_EQ(scalar(kept, "select 1"), "1") << "another database";
  bob.query("rollback");
  EXPECT_EQ(primary().ask("select count(*) <= 4 from pg_stat_activity where usename in ('ann', 'bob', 'kept')"), "t");
}

TEST_F(shares, who_waits_for_the_node_is_told_so) {
  serve_with(config().set("limits", "{server_connections: 2}").set("pool", "{size: 4, queue_timeout: 1s}"));
  auto one = session_of("ann"), two = session_of("bob"), three = session_of("kept");
  hold(one);
  hold(two);
  const auto answer = three.query("select 1");
  EXPECT_EQ(sqlstate(answer), "53300");
  EXPECT_THAT(raw::error_field(answer.front(), 'D'),
              HasSubstr("All connections that all users and databases may have"));
  one.query("rollback");
  EXPECT_EQ(scalar(three, "select 1"), "1");
}

TEST_F(shares, a_reserve_for_who_has_waited_long) {
  serve_with(config().set("pool", "{size: 1, reserve: 1, reserve_after: 200ms, queue_timeout: 1s}"));
  auto first = session_of("ann"), second = session_of("ann"), third = session_of("ann");
  hold(first);
  hold(second);
  EXPECT_EQ(backends_of("ann"), "2");
  EXPECT_EQ(sqlstate(third.query("select 1")), "53300") << "no more than that";
  first.query("commit");
  second.query("commit");
  await("the reserve is closed", [] { return backends_of("ann") == "1"; });
}

TEST_F(shares, some_are_kept_as_long_as_there_are_clients) {
  serve_with(config().set("pool", "{size: 4, min_idle: 3, idle_timeout: 300ms}"));
  {
    auto client = session_of("kept");
    EXPECT_EQ(scalar(client, "select 1"), "1");
    await("they are there", [] { return backends_of("kept") == "3"; });
    primary().tell("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kept'");
    await("others are", [] { return backends_of("kept") == "3"; });
  }
  await("nobody needs them", [] { return backends_of("kept") == "0"; });
}

TEST_F(shares, a_statement_that_takes_too_long) {
  serve_with(config().set("timeouts", "{query: 300ms}"));
  auto client = session_of("ann");
  auto answer = client.query("select pg_sleep(60)");
  EXPECT_EQ(sqlstate(answer), "57014");
  const auto& error = answer.at(answer.size() - 2);
  EXPECT_EQ(raw::error_field(error, 'M'), "canceling statement due to statement timeout");
  EXPECT_THAT(raw::error_field(error, 'H'), HasSubstr("timeouts.query"));
  EXPECT_EQ(scalar(client, "select 1"), "1");
  client.query("begin");
  EXPECT_EQ(sqlstate(client.query("insert into t values (1)")), "");
  answer = client.query("select pg_sleep(60)");
  EXPECT_EQ(sqlstate(answer), "57014");
  EXPECT_EQ(answer.back().payload, "E") << "as a statement that fails within a transaction";
  client.query("rollback");
  answer = ask(client, raw::parse("", "select pg_sleep(60)") + raw::bind("", "") + raw::execute("") + raw::sync());
  EXPECT_EQ(sqlstate(answer), "57014");
  EXPECT_EQ(scalar(client, "select 2"), "2");
  EXPECT_EQ(primary().ask("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"), "0");
}

TEST_F(shares, a_pipeline_of_short_statements_is_not_too_long) {
  serve_with(config().set("timeouts", "{query: 600ms}"));
  auto client = session_of("ann");
  std::string all;
  for (int i = 0; i < 5; ++i) all += raw::query("select pg_sleep(0.25)");
  client.send(all);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sqlstate(client.read_until_ready()), "") << i;
}

TEST_F(shares, a_server_that_does_not_hear_it) {
  serve_with(config().set("timeouts", "{query: 300ms, cleaning: 300ms}"));
  auto client = session_of("ann");
  client.query("begin");
  const auto pid = std::stoi(scalar(client, "select pg_backend_pid()"));
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  client.send(raw::query("insert into t values (1)"));
  const auto error = client.expect('E');
  EXPECT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_EQ(raw::error_field(error, 'C'), "08006");
  EXPECT_THAT(raw::error_field(error, 'M'), HasSubstr("does not answer to the cancellation"));
  EXPECT_TRUE(client.closed_within()) << "its transaction has gone";
}

// The one that follows it, in the same transaction or sent at once, has its own time.
TEST_F(shares, a_statement_that_is_just_in_time_does_not_cost_the_next_one_its_life) {
  serve_with(config().set("timeouts", "{query: 100ms}"));
  auto client = session_of("ann");
  for (int round = 0; round < 24; ++round) {
    const auto first = raw::query("select pg_sleep(" + std::to_string(0.096 + 0.0005 * (round % 12)) + ")");
    const auto second = raw::query("select pg_sleep(0.02)");
    const bool pipelined = round % 2 == 0;
    client.query("begin");
    client.send(pipelined ? first + second : first);
    const auto in_time = sqlstate(client.read_until_ready());
    if (!pipelined) client.send(second);
    const auto next = sqlstate(client.read_until_ready());
    EXPECT_EQ(next, in_time.empty() ? "" : "25P02") << round << " " << pipelined;
    EXPECT_EQ(sqlstate(client.query("rollback")), "");
  }
}

TEST_F(shares, a_transaction_that_takes_too_long) {
  serve_with(config().set("timeouts", "{transaction: 500ms}"));
  primary().tell("truncate t");
  auto idle = session_of("ann"), at_work = session_of("ann"), single = session_of("ann"), copies = session_of("ann");
  hold(idle);
  hold(at_work);
  at_work.send(raw::query("insert into t select 2 from pg_sleep(60)"));
  single.send(raw::query("insert into t select 3 from pg_sleep(60)"));
  copies.send(raw::query("copy t from stdin") + raw::copy_data("4\n"));
  EXPECT_EQ(sqlstate(single.read_until_ready()), "57014") << "a transaction by itself: it is over with that";
  EXPECT_EQ(scalar(single, "select 1"), "1");
  EXPECT_EQ(sqlstate(at_work.read_until_ready()), "57014");
  copies.expect('G');
  for (auto* each : {&idle, &at_work, &copies}) {
    const auto error = each->expect('E');
    EXPECT_EQ(raw::error_field(error, 'C'), "25P04");
    EXPECT_EQ(raw::error_field(error, 'S'), "FATAL");
    EXPECT_EQ(raw::error_field(error, 'M'), "terminating connection due to transaction timeout");
    EXPECT_TRUE(each->closed_within());
  }
  await("none of it goes on", [] {
    return primary().ask("select count(*) from pg_stat_activity where usename = 'ann' and state <> 'idle'") == "0";
  });
  EXPECT_EQ(primary().ask("select count(*) from t"), "0");
}

// What has been committed is not said to have been rolled back.
TEST_F(shares, a_commit_that_takes_too_long_says_what_has_come_of_it) {
  serve_with(config().set("timeouts", "{transaction: 500ms}"));
  primary().tell("truncate t");
  primary().tell("alter system set synchronous_standby_names = 'nobody'");
  primary().tell("select pg_reload_conf()");
  auto client = session_of("ann");
  const auto answer = client.query("insert into t values (1)");
  EXPECT_EQ(sqlstate(answer), "") << "PostgreSQL warns that it may not be on the standby";
  primary().tell("alter system reset synchronous_standby_names");
  primary().tell("select pg_reload_conf()");
  EXPECT_EQ(primary().ask("select count(*) from t"), "1");
}

TEST_F(shares, a_client_that_keeps_a_transaction_and_does_nothing) {
  serve_with(config().set("timeouts", "{idle_in_transaction: 300ms}"));
  auto on_server = session_of("ann"), deferred = session_of("ann"), outside = session_of("ann");
  hold(on_server);
  deferred.query("begin");
  EXPECT_EQ(scalar(outside, "select 1"), "1");
  for (auto* each : {&on_server, &deferred}) {
    const auto error = each->expect('E');
    EXPECT_EQ(raw::error_field(error, 'C'), "25P03");
    EXPECT_EQ(raw::error_field(error, 'M'), "terminating connection due to idle-in-transaction timeout");
    EXPECT_TRUE(each->closed_within());
  }
  EXPECT_EQ(scalar(outside, "select 2"), "2");
}

TEST_F(shares, a_client_that_does_nothing) {
  auto there_already = session_of("ann"), within = session_of("ann"), other = session_of("bob");
  hold(within);
  serve_with(config().set("limits", "{per_user: {ann: {timeouts: {client_idle: 300ms}}}}"));
  const auto error = there_already.expect('E');
  EXPECT_EQ(raw::error_field(error, 'C'), "57P05");
  EXPECT_EQ(raw::error_field(error, 'M'), "terminating connection due to idle-session timeout");
  EXPECT_TRUE(there_already.closed_within());
  EXPECT_EQ(sqlstate(within.query("commit")), "");
  EXPECT_EQ(raw::error_field(within.expect('E'), 'C'), "57P05");
  EXPECT_EQ(scalar(other, "select 1"), "1");
}

}  // namespace
}  // namespace highwater::testing_support
