// Who gets in, and how the way in can be refused.

#include <algorithm>
#include <chrono>

#include "tests/integration/wire_test.hpp"

namespace highwater::testing_support {
namespace {

class auth : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 0, .roles = {{"app", "open sesame"}, {"keeper", "of the secret"}}},
          [](highwater_config& config) {
            config
                .set("auth",
                     "{method: scram-sha-256, users: [{name: app, password: open sesame}, "
                     "{name: keeper, password: of the secret}, {name: stranger, password: no such role}]}")
                .set("timeouts", "{login: 500ms}");
          });
    open = std::make_unique<highwater_process>(highwater_config(served->cluster()));
    open->await_ready();
  }
  void SetUp() override { PROXY_ONLY(); }
  static void TearDownTestSuite() {
    open.reset();
    wire_test::TearDownTestSuite();
  }

  static std::string refusal(const std::string& conninfo) {
    try {
      pg::connection made(conninfo);
      return made.scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }
  // All that comes before the connection is closed.
  static messages last_words(raw::client& of) {
    messages all;
    while (auto next = of.read_message()) all.push_back(*next);
    return all;
  }
  static messages answer_to(const std::string& bytes, const highwater_process& proxy) {
    raw::client made(proxy.port());
    made.send(bytes);
    return last_words(made);
  }

  inline static std::unique_ptr<highwater_process> open;
};

TEST_F(auth, scram_with_the_right_password_only) {
  const auto as = [](const std::string& user, const std::string& password) {
    return refusal(served->conninfo("postgres", user) + " password='" + password + "'");
  };
  EXPECT_EQ(as("app", "open sesame"), "app");
  EXPECT_EQ(as("keeper", "of the secret"), "keeper");
  EXPECT_THAT(as("app", "wrong"), testing::HasSubstr("password authentication failed for user \"app\""));
  EXPECT_THAT(as("nobody", "wrong"), testing::HasSubstr("password authentication failed for user \"nobody\""));
  EXPECT_THAT(as("stranger", "no such role"), testing::HasSubstr("role \"stranger\" does not exist"));
}

// The first failures are free, and the right password is let in at once.
TEST_F(auth, makes_who_guesses_wait) {
  const auto as = [](const std::string& password) {
    return refusal(served->conninfo("postgres", "app") + " password='" + password + "'");
  };
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 7; ++i) EXPECT_THAT(as("guess"), testing::HasSubstr("password authentication failed"));
  EXPECT_GT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(100 + 200 + 400 + 800));
  EXPECT_EQ(as("open sesame"), "app");
}

// The configuration has what the servers have: enough to know a password by, and not one that could be used.
TEST_F(auth, passes_on_what_the_client_has_proved) {
  const auto secret = primary().ask("select rolpassword from pg_authid where rolname = 'keeper'");
  highwater_config config(served->cluster());
  config.set("auth", "{method: scram-sha-256, users: [{name: keeper, secret: '" + secret + "'}, {name: app, secret: '" +
                         secret + "'}]}");
  const highwater_process proxy(config);
  const auto as = [&](const std::string& user, const std::string& password) {
    return refusal(proxy.conninfo("postgres", user) + " password='" + password + "'");
  };
  EXPECT_THAT(as("keeper", "wrong"), testing::HasSubstr("password authentication failed"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(as("keeper", "of the secret"), "keeper");
  EXPECT_THAT(as("app", "of the secret"), testing::HasSubstr("password authentication failed for user \"app\""))
      << "it is another one there";
}

TEST_F(auth, servers_may_ask_for_any_kind_of_password) {
  node& server = primary();
  const auto rules = server.folder() / "pg_hba.conf";
  const auto before = read_file(rules);
  for (const std::string method : {"scram-sha-256", "password", "md5"}) {
    write_file(rules, "host all app 127.0.0.1/32 " + method + "\n" + before);
    server.tell("select pg_reload_conf()");
    server.tell("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = 'app'");
    EXPECT_EQ(refusal(served->conninfo("postgres", "app") + " password='open sesame'"), "app") << method;
  }
  write_file(rules, before);
  server.tell("select pg_reload_conf()");
}

TEST_F(auth, unknown_users_and_databases_are_told_by_the_server) {
  EXPECT_THAT(refusal(open->conninfo("nowhere")), testing::HasSubstr("database \"nowhere\" does not exist"));
  EXPECT_EQ(sqlstate(answer_to(raw::startup("postgres", "nowhere"), *open)), "3D000");
  EXPECT_EQ(sqlstate(answer_to(raw::startup("nobody", "postgres"), *open)), "28000");
}

TEST_F(auth, who_does_not_log_in_is_disconnected) {
  raw::client silent(served->port());
  raw::client slow(served->port());
  slow.send(raw::startup("app", "postgres").substr(0, 10));
  raw::client undecided(served->port());
  undecided.send(raw::startup("app", "postgres"));
  EXPECT_EQ(undecided.expect('R').type, 'R');
  for (auto* each : {&silent, &slow, &undecided}) EXPECT_TRUE(each->closed_within());
}

TEST_F(auth, newer_protocols_and_unknown_options_are_negotiated_once) {
  struct row {
    std::uint32_t asked, spoken;
    std::size_t secret;
  };
  constexpr auto v3 = raw::protocol_3_0, v32 = raw::protocol_3_2;
  for (const auto& [version, spoken, secret] :
       {row{v32, v32, 32}, row{v3 + 9999, v32, 32}, row{v3, v3, 4}, row{v3 + 1, v3, 4}}) {
    raw::client made(open->port());
    made.send(raw::startup("postgres", "postgres", {{"_pq_.wonder", "1"}}, version));
    const auto greeting = made.read_until_ready();
    const auto kinds = raw::types(greeting);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), 'v'), 1) << kinds;
    EXPECT_EQ(greeting.front().type, 'v');
    EXPECT_EQ(raw::int32_at(greeting.front().payload, 0), spoken);
    EXPECT_EQ(raw::int32_at(greeting.front().payload, 4), 1u);
    EXPECT_THAT(greeting.front().payload, testing::HasSubstr("_pq_.wonder"));
    const auto key = std::ranges::find(greeting, 'K', &raw::message::type);
    ASSERT_NE(key, greeting.end());
    EXPECT_EQ(key->payload.size(), 4 + secret) << version;
    EXPECT_EQ(raw::types(made.query("select 1")), "TDCZ");
  }
  EXPECT_EQ(sqlstate(answer_to(raw::startup("postgres", "postgres", {}, 4u << 16), *open)), "0A000");
  EXPECT_EQ(sqlstate(answer_to(raw::startup("postgres", "postgres", {}, 2u << 16), *open)), "0A000");
}

TEST_F(auth, encryption_is_declined_in_either_order) {
  for (const auto& requests : {std::vector{raw::ssl_request(), raw::gss_request()},
                               std::vector{raw::gss_request(), raw::ssl_request()}, std::vector{raw::ssl_request()}}) {
    raw::client made(open->port());
    for (const auto& one : requests) {
      made.send(one);
      EXPECT_EQ(made.read_byte(), 'N');
    }
    made.log_in();
    EXPECT_EQ(raw::types(made.query("select 1")), "TDCZ");
  }
}

TEST_F(auth, plain_text_behind_an_encryption_request_is_refused) {
  for (const auto& request : {raw::ssl_request(), raw::gss_request()}) {
    raw::client made(open->port());
    made.send(request + raw::startup("postgres", "postgres") + raw::query("select 1"));
    for (const auto& one : last_words(made)) EXPECT_EQ(one.type, 'E') << raw::describe(one);
  }
}

TEST_F(auth, startup_packets_may_come_byte_by_byte_and_be_long) {
  raw::client made(open->port());
  const std::string long_name(60, 'a');
  for (const char byte :
       raw::startup("postgres", "postgres", {{"application_name", long_name}, {"my.word", std::string(5000, 'w')}})) {
    made.send(std::string(1, byte));
  }
  made.read_until_ready();
  EXPECT_EQ(scalar(made, "show application_name"), long_name);
}

TEST_F(auth, garbage_in_the_place_of_a_password) {
  for (const auto& garbage :
       {raw::query("select 1"), raw::frame('p', ""), raw::frame('p', std::string("SCRAM-SHA-256\0", 14)),
        raw::frame('p', std::string("SCRAM-SHA-256\0\xff\xff\xff\xf0n,,n=,r=x", 27)), raw::frame('p', "PLAIN"),
        std::string("p\x7f\xff\xff\xff", 5), std::string("p\0\0\0\0", 5), raw::frame('p', std::string(60'000, '\0'))}) {
    raw::client made(served->port());
    made.send(raw::startup("app", "postgres"));
    made.expect('R');
    made.send(garbage);
    EXPECT_TRUE(made.closed_within());
  }
  EXPECT_EQ(refusal(served->conninfo("postgres", "app") + " password='open sesame'"), "app");
}

}  // namespace
}  // namespace highwater::testing_support
