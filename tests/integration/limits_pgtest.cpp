// What the operator allows, and what the program says to mistakes.

#include <gmock/gmock.h>

#include <csignal>

#include "tests/integration/wire_test.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;

class limits : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0}, [](highwater_config& config) {
      config.set("limits", "{max_clients: 4, max_message_bytes: 100kB, max_batch_bytes: 10kB}");
    });
  }
  void SetUp() override { PROXY_ONLY(); }

  static completed highwater(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), highwater_binary());
    return run({.argv = arguments});
  }
  static std::string file_with(const std::string& yaml) {
    const auto path = make_folder("configuration") / "highwater.yaml";
    write_file(path, yaml);
    return path.string();
  }
};

TEST_F(limits, too_many_clients_are_told) {
  {
    std::vector<raw::client> all;
    for (int i = 0; i < 4; ++i) all.push_back(client());
    raw::client one_more(served->port());
    one_more.send(raw::startup("postgres", "postgres"));
    const auto answer = one_more.expect('E');
    EXPECT_EQ(raw::error_field(answer, 'C'), "53300");
    EXPECT_EQ(raw::error_field(answer, 'S'), "FATAL");
    EXPECT_TRUE(one_more.closed_within());
    // Whoever is in can still cancel.
    all.front().send(raw::query("select pg_sleep(60)"));
    await("it runs",
          [] { return primary().ask("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == "1"; });
    raw::client canceller(served->port());
    canceller.send(raw::cancel_request(all.front().backend_pid(), all.front().cancel_key()));
    EXPECT_EQ(sqlstate(all.front().read_until_ready()), "57014");
    EXPECT_EQ(scalar(all.front(), "select 1"), "1");
  }
  await("they are gone", [] { return served->proxy().metric("highwater_clients") == 0; });
  auto next = client();
  EXPECT_EQ(scalar(next, "select 1"), "1");
}

TEST_F(limits, too_long_messages_end_their_session) {
  auto session = client();
  EXPECT_EQ(scalar(session, "select 1 /*" + std::string(90'000, 'x') + "*/"), "1");
  session.send(raw::query("select 1 /*" + std::string(110'000, 'x') + "*/").substr(0, 1'000));
  EXPECT_EQ(raw::error_field(session.expect('E'), 'C'), "08P01");
  EXPECT_TRUE(session.closed_within());
  auto next = client();
  EXPECT_EQ(scalar(next, "select 2"), "2");
}

TEST_F(limits, a_bad_configuration_is_told_as_a_whole) {
  const auto file = file_with(
      "workers: many\n"
      "pool: {size: 0, colour: green}\n"
      "cluster: {nodes: [{host: 127.0.0.1, port: 99999}]}\n");
  for (const std::vector<std::string>& how : {std::vector<std::string>{"check", file}, {file}}) {
    const auto done = highwater(how);
    EXPECT_EQ(done.status.code, 2);
    for (const char* part : {":1:", "workers", "pool.size", "colour", "99999", "4 mistakes"}) {
      EXPECT_THAT(done.output, HasSubstr(part));
    }
  }
  EXPECT_EQ(highwater({"check", "/nowhere/highwater.yaml"}).status.code, 2);
  EXPECT_EQ(highwater({}).status.code, 2);
}

TEST_F(limits, a_good_configuration_is_shown_without_its_secrets) {
  const auto done =
      highwater({"check", file_with("auth: {method: scram-sha-256, users: [{name: app, password: open sesame}]}\n"
                                    "cluster: {nodes: [{host: 127.0.0.1}]}\n")});
  EXPECT_EQ(done.status.code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("queue_timeout"));
  EXPECT_THAT(done.output, testing::Not(HasSubstr("open sesame")));
}

TEST_F(limits, a_taken_port_is_told) {
  const auto done = highwater({file_with("listen: {address: 127.0.0.1, port: " + std::to_string(served->port()) +
                                         "}\nhttp: {port: 0}\ncluster: {nodes: [{host: 127.0.0.1}]}\n")});
  EXPECT_EQ(done.status.code, 1);
  EXPECT_THAT(done.output, HasSubstr(std::to_string(served->port())));
}

TEST_F(limits, the_program_says_what_it_is) {
  const auto version = highwater({"--version"});
  EXPECT_EQ(version.status.code, 0);
  EXPECT_THAT(version.output, testing::StartsWith("highwater "));
  const auto help = highwater({"--help"});
  EXPECT_EQ(help.status.code, 0);
  for (const char* part : {"check", "FILE", "--version"}) EXPECT_THAT(help.output, HasSubstr(part));
}

TEST_F(limits, a_wrong_command_line_is_told) {
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--no-such-option"}, {"check"}, {"check", "a", "b"}, {"a.yaml", "b.yaml"}}) {
    const auto done = highwater(wrong);
    EXPECT_EQ(done.status.code, 2) << done.output;
    EXPECT_THAT(done.output, HasSubstr("--help"));
  }
}

TEST_F(limits, signals_that_mean_nothing_here_are_survived) {
  auto session = client();
  const auto told = [] { return served->proxy().log().find("has been read anew") != std::string::npos; };
  EXPECT_FALSE(told());
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE}) served->proxy().child().signal(number);
  await("it says that it cannot reload", told);
  EXPECT_EQ(scalar(session, "select 3"), "3");
  auto next = client();
  EXPECT_EQ(scalar(next, "select 4"), "4");
}

TEST_F(limits, a_catalogue_that_cannot_be_read_does_not_hold_up_the_end) {
  served->cluster().primary().tell("create database locked");
  auto locker = served->cluster().primary().connect("locked");
  locker.must("begin; lock table pg_trigger in access exclusive mode");
  highwater_process another(highwater_config{served->cluster()});
  another.await_ready();
  auto session = another.connect("locked");
  await("its catalogue is asked for", [] {
    return primary().ask(
               "select count(*) from pg_stat_activity where application_name = 'highwater catalog' and "
               "datname = 'locked' and wait_event_type = 'Lock'") == "1";
  });
  EXPECT_TRUE(another.stop().success());
}

}  // namespace
}  // namespace highwater::testing_support
