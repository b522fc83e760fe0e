// What a client says when it comes in, and what it is told: byte by byte as the server itself would have it.

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

constexpr std::uint32_t highest_process = 1U << 22U;  // of Linux

class startup : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1}, [](highwater_config& config) { config.set("pool", "{size: 1}"); });
    primary().tell("create role dba login");
    primary().tell("create database latin encoding 'LATIN1' locale 'C' template template0");
  }

  static std::string what_comes(const std::string& bytes) {
    raw::client made(served->port());
    made.send(bytes);
    std::string all;
    while (const auto byte = made.read_byte()) all.push_back(*byte);
    return all;
  }
  static std::string startup_with(const std::string& pairs) {
    const auto body = raw::int32(196608) + pairs + std::string(1, '\0');
    return raw::int32(static_cast<std::uint32_t>(body.size() + 4)) + body;
  }
  // One that has the number of the process behind it.
  static bool serves(const raw::client& session) {
    return primary().ask("select count(*) from pg_stat_activity where pid = " +
                         std::to_string(session.backend_pid())) == "1";
  }
};

TEST_F(startup, newer_protocols_are_told_of_the_whole_version_that_is_spoken) {
  PROXY_ONLY();  // servers before 18 speak 3.0 alone
  using namespace std::string_literals;
  const std::pair<std::uint32_t, std::string> rows[] = {{raw::protocol_3_0 + 1, "\0\3\0\0\0\0\0\0"s},
                                                        {raw::protocol_3_2 + 1, "\0\3\0\2\0\0\0\0"s},
                                                        {raw::protocol_3_0 + 9999, "\0\3\0\2\0\0\0\0"s}};
  for (const auto& [version, told] : rows) {
    raw::client made(served->port());
    made.send(raw::startup("postgres", "postgres", {}, version));
    EXPECT_EQ(made.expect('v').payload, told) << version;
    EXPECT_EQ(sqlstate(made.read_until_ready()), "");
  }
  for (const auto version : {raw::protocol_3_0, raw::protocol_3_2}) {
    raw::client made(served->port());
    EXPECT_EQ(made.log_in("postgres", "postgres", {}, version).front().type, 'R') << version;
  }
  raw::client made(served->port());
  made.send(raw::startup("postgres", "postgres", {{"_pq_.one", "1"}, {"_pq_.two", "2"}}));
  EXPECT_EQ(made.expect('v').payload, "\0\3\0\0\0\0\0\2_pq_.one\0_pq_.two\0"s);
}

TEST_F(startup, what_is_no_packet_is_answered_by_silence) {
  for (const std::uint32_t length : {0u, 1u, 4u, 7u, 10'005u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(what_comes(raw::int32(length) + std::string(16, 'x')), "") << length;
  }
  EXPECT_EQ(what_comes("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"), "");
  EXPECT_EQ(what_comes(raw::cancel_request(1, "xx")), "");
  if (testing_direct()) return;
  EXPECT_THAT(served->proxy().log(), testing::HasSubstr("invalid length of startup packet"));
}

TEST_F(startup, the_longest_packet_is_taken) {
  raw::client made(served->port());
  const auto size = raw::startup("postgres", "postgres", {{"my.word", ""}}).size();
  made.send(raw::startup("postgres", "postgres", {{"my.word", std::string(10'004 - size, 'w')}}));
  EXPECT_EQ(sqlstate(made.read_until_ready()), "");
}

TEST_F(startup, options_do_not_override_parameters_and_never_the_name) {
  const std::string ask =
      "select concat_ws(' ', current_user, session_user, current_setting('work_mem'), "
      "current_setting('application_name'))";
  struct row {
    parameters given;
    std::string expected;
  };
  const row rows[] = {
      {{{"work_mem", "1MB"}, {"options", "-c work_mem=2MB"}}, "postgres postgres 1MB "},
      {{{"options", "-c work_mem=2MB"}, {"work_mem", "1MB"}}, "postgres postgres 1MB "},
      {{{"WORK_MEM", "1MB"}, {"options", "-c Work_Mem=2MB"}}, "postgres postgres 1MB "},
      {{{"options", "-c work_mem=2MB -c work-mem=3MB"}}, "postgres postgres 3MB "},
      {{{"work_mem", "1MB"}, {"work_mem", "5MB"}}, "postgres postgres 5MB "},
      {{{"options", "-c work_mem=2MB"}, {"options", ""}}, "postgres postgres 4MB "},
      {{{"options", "-c application_name=a"}}, "postgres postgres 4MB a"},
      {{{"application_name", "b"}, {"options", "-c application_name=a"}}, "postgres postgres 4MB b"},
      {{{"options", "-c role=dba"}}, "dba postgres 4MB "},
      {{{"role", "postgres"}, {"options", "-c role=dba"}}, "postgres postgres 4MB "},
      {{{"options", "-c session_authorization=dba"}}, "postgres postgres 4MB "},
      {{{"session_authorization", "dba"}}, "postgres postgres 4MB "},
      {{{"user", "dba"}}, "dba dba 4MB "},
  };
  for (const auto& each : rows) {
    auto session = client(each.given);
    EXPECT_EQ(scalar(session, ask), each.expected) << testing::PrintToString(each.given);
  }
  for (const char* wrong : {"-c user=dba", "-c database=template1", "-c replication=true", "-c options=x"}) {
    raw::client made(served->port());
    EXPECT_THROW(made.log_in("postgres", "postgres", {{"options", wrong}}), std::runtime_error) << wrong;
  }
}

TEST_F(startup, options_that_are_none_are_told_as_the_server_does) {
  const std::pair<const char*, const char*> rows[] = {
      {"-x", "invalid command-line argument for server process: -x"},
      {"words", "invalid command-line argument for server process: words"},
      {"-c", "invalid command-line argument for server process: -c"},
      {"-c work_mem", "-c work_mem requires a value"},
      {"--work_mem", "--work_mem requires a value"},
  };
  for (const auto& [options, message] : rows) {
    raw::client made(served->port());
    made.send(raw::startup("postgres", "postgres", {{"options", options}}));
    std::optional<raw::message> error;
    while (auto next = made.read_message()) {
      if (next->type == 'E') error = next;
    }
    ASSERT_TRUE(error) << options;
    EXPECT_EQ(raw::error_field(*error, 'C'), "42601") << options;
    EXPECT_EQ(raw::error_field(*error, 'M'), message);
  }
}

// On the one connection that there is, whoever had it before.
TEST_F(startup, the_application_is_the_clients_and_nobodys_if_it_has_none) {
  const std::string ask = "select '<' || application_name || '>' from pg_stat_activity where pid = pg_backend_pid()";
  auto named = client({{"application_name", "storefront"}});
  auto silent = client();
  auto empty = client({{"application_name", ""}});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(scalar(named, ask), "<storefront>");
    EXPECT_EQ(scalar(silent, ask), "<>");
    EXPECT_EQ(scalar(named, ask), "<storefront>");
    EXPECT_EQ(scalar(empty, ask), "<>");
  }
}

TEST_F(startup, settings_travel_in_their_encoding) {
  auto latin = client({{"client_encoding", "LATIN1"}, {"application_name", "caf\xe9"}});
  auto other = client();
  EXPECT_EQ(scalar(latin, "show application_name"), "caf?");
  EXPECT_EQ(scalar(other, "show application_name"), "");
  latin.query("set my.word = 'caf\xe9'");
  other.query("set my.word = 'th\xc3\xa9'");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scalar(latin, "select current_setting('my.word')"), "caf\xe9");
    EXPECT_EQ(scalar(latin, "select encode(convert_to(current_setting('my.word'), 'UTF8'), 'hex')"), "636166c3a9");
    EXPECT_EQ(scalar(other, "select current_setting('my.word')"), "th\xc3\xa9");
  }
  latin.query("set client_encoding = 'UTF8'");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scalar(latin, "select current_setting('my.word')"), "caf\xc3\xa9");
    EXPECT_EQ(scalar(other, "select current_setting('my.word')"), "th\xc3\xa9");
  }
}

TEST_F(startup, settings_of_a_database_in_another_encoding) {
  auto one = client({}, "latin");
  auto other = client({{"client_encoding", "UTF8"}}, "latin");
  one.query("set my.word = 'caf\xe9'");
  other.query("set my.word = 'th\xc3\xa9'");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(scalar(one, "select current_setting('my.word')"), "caf\xe9");
    EXPECT_EQ(scalar(other, "select current_setting('my.word')"), "th\xc3\xa9");
  }
}

TEST_F(startup, prepared_names_are_cut_as_identifiers_are) {
  const std::string longest(63, 'n');
  const auto first = longest + "first", second = longest + "second";
  const auto told = [&](const messages& answer) {
    for (const auto& one : answer) {
      if (one.type == 'N') return raw::error_field(one, 'C') + " " + raw::error_field(one, 'M');
    }
    return std::string();
  };
  const auto notice = "42622 identifier \"" + second + "\" will be truncated to \"" + longest + "\"";
  auto session = client();
  auto others = client();
  EXPECT_EQ(raw::types(ask(session, raw::parse(first, "select 'mine'") + raw::sync())), "1Z");
  EXPECT_EQ(sqlstate(ask(session, raw::parse(second, "select 2") + raw::sync())), "42P05");
  EXPECT_EQ(sqlstate(ask(session, raw::parse(longest, "select 3") + raw::sync())), "42P05");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(scalar(others, "select 'elsewhere'"), "elsewhere");
    EXPECT_EQ(value(ask(session, run_named(second) + raw::sync())), "mine");
  }
  auto answer = session.query("execute " + second);
  EXPECT_EQ(told(answer), notice);
  EXPECT_EQ(value(answer), "mine");
  answer = ask(session, run_unnamed("execute " + second) + raw::sync());
  EXPECT_EQ(told(answer), notice);
  EXPECT_EQ(value(answer), "mine");
  EXPECT_EQ(told(session.query("execute " + longest)), "");
  answer = session.query("deallocate \"" + second + "\"");
  EXPECT_EQ(told(answer), notice);
  EXPECT_EQ(raw::types(answer), "NCZ");
  EXPECT_EQ(sqlstate(ask(session, run_named(first) + raw::sync())), "26000");
}

TEST_F(startup, numbers_of_sessions_are_no_processes) {
  PROXY_ONLY();
  for (int i = 0; i < 3; ++i) {
    auto session = client();
    EXPECT_GT(session.backend_pid(), highest_process);
    EXPECT_LT(session.backend_pid(), 1U << 31U);
  }
}

TEST_F(startup, in_session_mode_they_are_the_backends_own) {
  PROXY_ONLY();
  const highwater_process proxy(highwater_config(served->cluster()).set("pool", "{mode: session, size: 3}"));
  proxy.await_ready();
  std::vector<raw::client> sessions;
  for (int i = 0; i < 3; ++i) {
    auto& session = sessions.emplace_back(proxy.port());
    session.log_in();
    EXPECT_TRUE(serves(session));
  }
  for (auto& session : sessions) {
    const auto told = std::to_string(session.backend_pid());
    EXPECT_EQ(scalar(session, "select pg_backend_pid()"), told);
    EXPECT_EQ(sqlstate(session.query("discard all")), "");
    EXPECT_EQ(scalar(session, "select pg_backend_pid()"), told);
  }
  auto& session = sessions.front();
  session.send(raw::query("select pg_sleep(60)"));
  await("it runs", [&] {
    return primary().ask("select wait_event from pg_stat_activity where pid = " +
                         std::to_string(session.backend_pid())) == "PgSleep";
  });
  raw::client canceller(proxy.port());
  canceller.send(raw::cancel_request(session.backend_pid(), session.cancel_key()));
  EXPECT_EQ(sqlstate(session.read_until_ready()), "57014");
}

}  // namespace
}  // namespace highwater::testing_support
