// TLS on both sides: towards clients, and towards servers that have it, have it not, or insist.

#include <cstdio>
#include <mutex>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/faulty_server.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

class tls : public wire_test {
protected:
  static void SetUpTestSuite() {
    folder = make_folder("tls");
    const certificate_authority good("good"), other("other");
    ca = write_secret(folder, "ca.crt", good.certificate());
    other_ca = write_secret(folder, "other_ca.crt", other.certificate());
    for (const auto* name : {"server", "proxy", "highwater"}) write(name, good.issue({.common_name = name}));
    write("ann", good.issue({.common_name = "ann", .names = {}}));
    write("stranger", other.issue({.common_name = "ann", .names = {}}));
    for (const auto* file : {"server.crt", "server.key", "ca.crt"}) give_to_server_user(folder / file);
    serve({.replicas = 1,
           .settings = {"ssl = on", "ssl_cert_file = '" + path("server.crt") + "'",
                        "ssl_key_file = '" + path("server.key") + "'", "ssl_ca_file = '" + ca + "'"},
           .roles = {{"bound", "secret"}}},
          [](highwater_config& config) {
            config.set("listen", listening("prefer", ", client_ca: " + ca));
            with_server_tls(config, "mode: verify-full, ca: " + ca);
            config.set("pool", "{size: 1, queue_timeout: 60s}");
          });
    primary().tell("create table t (n int); insert into t values (1)");
  }
  static void TearDownTestSuite() { served.reset(); }

  static void write(const std::string& name, const certificate_pair& made) {
    write_secret(folder, name + ".crt", made.certificate);
    write_secret(folder, name + ".key", made.key);
  }
  static std::string path(const std::string& name) { return (folder / name).string(); }
  static std::string listening(const std::string& mode, const std::string& more = "") {
    return "{address: 127.0.0.1, port: 0, tls: {mode: " + mode + ", certificate: " + path("proxy.crt") +
           ", key: " + path("proxy.key") + more + "}}";
  }
  static void with_server_tls(highwater_config& config, const std::string& keys) {
    config.set("cluster", config.section("cluster") + "\n  tls: {" + keys + "}");
  }

  static std::string as_client(const std::string& mode, const std::string& more = "") {
    return served->conninfo() + " sslmode=" + mode + " " + more;
  }
  static std::string why_not(const std::string& conninfo) {
    try {
      return "let in: " + pg::connection(conninfo).scalar("select 1");
    } catch (const pg::error& error) {
      return error.what();
    }
  }
  // Whether the server connection that answers has TLS.
  static std::string server_tls(const highwater_process& proxy) {
    return proxy.connect().scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
  }

  // On a connection of its own.
  static void send_encrypted(const std::string& bytes) {
    const auto command =
        "openssl s_client -quiet -starttls postgres -connect 127.0.0.1:" + std::to_string(served->port()) +
        " >/dev/null 2>&1";
    auto* const to = ::popen(command.c_str(), "w");
    ASSERT_NE(to, nullptr);
    std::fwrite(bytes.data(), 1, bytes.size(), to);
    ::pclose(to);
  }

  inline static std::filesystem::path folder;
  inline static std::string ca, other_ca;
};

// Keeps the first bytes that anybody sends, but for the question whether there is TLS, and handshakes.
class eavesdropper final : public relay {
public:
  explicit eavesdropper(std::uint16_t server_port) : relay(server_port) { start(); }
  ~eavesdropper() override { stop(); }
  std::string in_the_clear() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

private:
  bool pass_on(pair& through, bool from_client, std::string_view bytes) override {
    const bool harmless = bytes == raw::ssl_request() || bytes.starts_with('\x16') || bytes.starts_with('\x14') ||
                          bytes.starts_with('\x17') || bytes.starts_with('\x15');
    if (from_client && !harmless) {
      const std::scoped_lock lock(mutex_);
      heard_.append(bytes);
    }
    return relay::pass_on(through, from_client, bytes);
  }

  mutable std::mutex mutex_;
  std::string heard_;
};

// Towards clients -------------------------------------------------------------------------------------------------

TEST_F(tls, is_there_for_a_client_that_asks_for_it) {
  PROXY_ONLY();
  for (const std::string mode : {"disable", "allow", "prefer", "require"}) {
    pg::connection session(as_client(mode));
    EXPECT_EQ(PQsslInUse(session.raw()) == 1, mode == "prefer" || mode == "require") << mode;
    EXPECT_EQ(session.scalar("select n from t"), "1");
  }
}

TEST_F(tls, shows_a_certificate_that_a_client_can_check) {
  PROXY_ONLY();
  const auto checked = [](const std::string& mode, const std::string& with) {
    return why_not(as_client(mode, "sslrootcert=" + with));
  };
  EXPECT_EQ(checked("verify-full", ca), "let in: 1");
  EXPECT_THAT(checked("verify-ca", other_ca), testing::HasSubstr("certificate verify failed"));
}

TEST_F(tls, carries_much_in_both_directions) {
  PROXY_ONLY();
  pg::connection session(as_client("require"));
  session.must("create temp table much (line text)");
  session.must("copy much from stdin");
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += std::string(200, static_cast<char>('a' + i % 26)) + "\n";
  ASSERT_EQ(PQputCopyData(session.raw(), lines.data(), static_cast<int>(lines.size())), 1);
  ASSERT_EQ(PQputCopyEnd(session.raw(), nullptr), 1);
  while (auto* const done = PQgetResult(session.raw())) PQclear(done);
  EXPECT_EQ(session.must("select line from much").rows(), 20'000);
  EXPECT_EQ(session.scalar("select md5(string_agg(line, '' order by ctid)) from much"),
            session.scalar("select md5(string_agg(repeat(chr(97 + i % 26), 200), '' order by i)) "
                           "from generate_series(0, 19999) i"));
}

// libpq sends it in the clear, up to version 16; other drivers over a connection like that of the session.
TEST_F(tls, passes_cancel_requests_on) {
  PROXY_ONLY();
  for (const bool encrypted : {false, true}) {
    pg::connection session(as_client("require", "options='-c highwater.level=primary'"));
    auto unread = client({{"options", "-c highwater.level=primary"}});
    if (encrypted) {
      unread.send(raw::query("select pg_sleep(600)"));
    } else {
      ASSERT_EQ(PQsendQuery(session.raw(), "select pg_sleep(600)"), 1);
    }
    await("it runs", [] {
      return primary().ask(
                 "select count(*) from pg_stat_activity where query like '%sleep(600)%' and "
                 "state = 'active' and pid <> pg_backend_pid()") != "0";
    });
    if (encrypted) {
      send_encrypted(raw::cancel_request(unread.backend_pid(), unread.cancel_key()));
      EXPECT_EQ(sqlstate(unread.read_until_ready()), "57014");
    } else {
      EXPECT_TRUE(session.cancel());
      EXPECT_EQ(pg::result(PQgetResult(session.raw())).sqlstate(), "57014");
    }
  }
}

// Whoever sees the key can cancel.
TEST_F(tls, hides_the_key_of_a_cancel_request_from_the_network) {
  PROXY_ONLY();
  eavesdropper between(primary().port());
  highwater_config config(served->cluster());
  config.set("cluster", "\n  nodes: [{name: a, host: 127.0.0.1, port: " + std::to_string(between.port()) +
                            "}]\n  monitor: {user: highwater, database: postgres}\n  tls: {mode: require}");
  const highwater_process proxy(config);
  auto session = proxy.connect();
  ASSERT_EQ(PQsendQuery(session.raw(), "select pg_sleep(600)"), 1);
  await("it runs", [] {
    return primary().ask(
               "select count(*) from pg_stat_activity where query like '%sleep(600)%' and state = 'active' "
               "and pid <> pg_backend_pid()") != "0";
  });
  EXPECT_TRUE(session.cancel());
  EXPECT_EQ(pg::result(PQgetResult(session.raw())).sqlstate(), "57014");
  EXPECT_GE(between.connections(), 3) << "the monitor's, the session's and the request's";
  EXPECT_EQ(between.in_the_clear(), "");
}

// Somebody else has sent it, in the clear, and it is never taken for a part of the session (CVE-2021-3935).
TEST_F(tls, takes_nothing_that_came_in_the_clear) {
  PROXY_ONLY();
  raw::client made(served->port());
  made.send(raw::ssl_request() + raw::query("select 1"));
  const auto answer = made.expect('E');
  EXPECT_EQ(raw::error_field(answer, 'C'), "08P01");
  EXPECT_TRUE(made.closed_within());
}

TEST_F(tls, is_offered_behind_a_request_for_gss) {
  PROXY_ONLY();
  raw::client made(served->port());
  made.send(raw::gss_request());
  EXPECT_EQ(made.read_byte(), 'N');
  made.send(raw::ssl_request());
  EXPECT_EQ(made.read_byte(), 'S');
  made.send(raw::startup("postgres", "postgres"));
  EXPECT_TRUE(made.closed_within()) << "it is no handshake";
}

TEST_F(tls, goes_on_without_for_a_client_that_has_not_got_it_elsewhere) {
  PROXY_ONLY();
  const highwater_process plain(highwater_config(served->cluster()));
  EXPECT_EQ(why_not(plain.conninfo() + " sslmode=prefer"), "let in: 1");
  EXPECT_THAT(why_not(plain.conninfo() + " sslmode=require"), testing::HasSubstr("server does not support SSL"));
}

TEST_F(tls, can_be_demanded_of_clients) {
  PROXY_ONLY();
  const highwater_process strict(highwater_config(served->cluster()).set("listen", listening("require")));
  EXPECT_EQ(why_not(strict.conninfo() + " sslmode=require"), "let in: 1");
  EXPECT_THAT(why_not(strict.conninfo() + " sslmode=disable"), testing::HasSubstr("has to be encrypted"));
  raw::client plain(strict.port());
  plain.send(raw::startup("postgres", "postgres"));
  EXPECT_EQ(raw::error_field(plain.expect('E'), 'C'), "28000");
}

TEST_F(tls, can_demand_certificates_of_clients) {
  PROXY_ONLY();
  const highwater_process strict(
      highwater_config(served->cluster()).set("listen", listening("verify-full", ", client_ca: " + ca)));
  const auto showing = [&](const std::string& who) {
    const auto certificate = who.empty() ? "none" : path(who + ".crt");
    return why_not(strict.conninfo() + " sslmode=require sslcert=" + certificate + " sslkey=" + path(who + ".key"));
  };
  EXPECT_EQ(showing("ann"), "let in: 1");
  EXPECT_THAT(showing("stranger"), testing::Not(testing::HasSubstr("let in")));
  EXPECT_THAT(showing(""), testing::Not(testing::HasSubstr("let in")));
  await("the log says why",
        [&] { return strict.log().find("peer did not return a certificate") != std::string::npos; });
}

// On both sides of the proxy, each to its own certificate.
TEST_F(tls, is_what_a_password_is_bound_to) {
  PROXY_ONLY();
  highwater_config config(served->cluster());
  config.set("listen", listening("prefer"));
  config.set("auth", "{method: scram-sha-256, users: [{name: bound, password: secret}]}");
  const highwater_process proxy(config);
  const auto as = [&](const std::string& how) {
    return why_not(proxy.conninfo("postgres", "bound") + " password=secret " + how);
  };
  EXPECT_EQ(as("sslmode=require channel_binding=require"), "let in: 1");
  EXPECT_EQ(as("sslmode=require channel_binding=disable"), "let in: 1");
  EXPECT_EQ(as("sslmode=disable"), "let in: 1");
  EXPECT_THAT(as("sslmode=disable channel_binding=require"), testing::HasSubstr("channel binding"));
}

TEST_F(tls, needs_files_that_are_good) {
  PROXY_ONLY();
  const auto starts = [](const std::string& listen) {
    try {
      const highwater_process proxy(highwater_config(served->cluster()).set("listen", listen));
      return std::string("started");
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
  };
  const auto missing =
      "{address: 127.0.0.1, port: 0, tls: {mode: require, certificate: nowhere.crt, key: nowhere.key}}";
  EXPECT_THAT(starts(missing), testing::HasSubstr("could not load certificate file"));
  EXPECT_THAT(starts("{address: 127.0.0.1, port: 0, tls: {mode: require}}"),
              testing::HasSubstr("listen.tls.certificate: found nothing"));
}

// Towards servers -------------------------------------------------------------------------------------------------

TEST_F(tls, goes_by_the_mode_towards_servers) {
  PROXY_ONLY();
  struct row {
    std::string keys, encrypted;
  };
  const row rows[] = {
      {"mode: disable", "f"},
      {"mode: allow", "f"},
      {"mode: prefer", "t"},
      {"mode: require", "t"},
      {"mode: verify-ca, ca: " + ca, "t"},
      {"mode: verify-full, ca: " + ca + ", certificate: " + path("highwater.crt") + ", key: " + path("highwater.key"),
       "t"},
  };
  for (const auto& each : rows) {
    highwater_config config(served->cluster());
    with_server_tls(config, each.keys);
    const highwater_process proxy(config);
    EXPECT_EQ(server_tls(proxy), each.encrypted) << each.keys;
    EXPECT_EQ(primary().ask("select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) "
                            "where application_name = 'highwater catalog' or application_name = 'highwater monitor'"),
              each.encrypted == "t" ? primary().ask("select true") : primary().ask("select false"))
        << each.keys << ": of those who watch";
  }
}

// Where pg_hba.conf wants it otherwise.
TEST_F(tls, is_tried_the_other_way_where_the_mode_allows_it) {
  PROXY_ONLY();
  primary().tell("create role needs login; create role shuns login");
  served->cluster().await_replay();
  for (const auto& node : served->cluster().nodes()) {
    const auto file = node->folder() / "pg_hba.conf";
    const auto before = read_file(file);
    write_file(file,
               "hostssl all needs all trust\nhost all needs all reject\nhostnossl all shuns all trust\n"
               "host all shuns all reject\n" +
                   before);
    node->tell("select pg_reload_conf()");
    await("the rules are in force", [&] {
      return node->ask(
                 "select count(*) from pg_hba_file_rules where 'shuns' = any "
                 "(user_name)") == "2";
    });
  }
  struct row {
    std::string mode, user, expected;
  };
  const row rows[] = {{"allow", "needs", "t"},   {"allow", "shuns", "f"},  {"prefer", "needs", "t"},
                      {"prefer", "shuns", "f"},  {"disable", "needs", ""}, {"disable", "shuns", "f"},
                      {"require", "needs", "t"}, {"require", "shuns", ""}};
  for (const auto& each : rows) {
    highwater_config config(served->cluster());
    with_server_tls(config, "mode: " + each.mode);
    const highwater_process proxy(config);
    try {
      EXPECT_EQ(proxy.connect("postgres", each.user).scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()"),
                each.expected)
          << each.mode << " as " << each.user;
    } catch (const pg::error& error) {
      EXPECT_EQ(each.expected, "") << each.mode << " as " << each.user << ": " << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("pg_hba.conf"));
    }
  }
}

TEST_F(tls, believes_no_server_that_cannot_show_who_it_is) {
  PROXY_ONLY();
  highwater_config config(served->cluster());
  with_server_tls(config, "mode: verify-full, ca: " + other_ca);
  const highwater_process proxy(config);
  await("the log says why", [&] { return proxy.log().find("certificate verify failed") != std::string::npos; });
  EXPECT_THAT(why_not(proxy.conninfo() + " connect_timeout=10"), testing::Not(testing::HasSubstr("let in")));
}

// One worker has made it, and another one's client needs it.
TEST_F(tls, stays_with_a_connection_that_changes_its_worker) {
  PROXY_ONLY();
  std::vector<pg::connection> sessions;
  sessions.reserve(6);
  for (int i = 0; i < 6; ++i) sessions.emplace_back(as_client("require"));
  for (int round = 0; round < 20; ++round) {
    for (auto& session : sessions)
      EXPECT_EQ(
          session.scalar("with w as (update t set n = 1 returning n) "
                         "select pg_backend_pid() || ' ' || (select ssl from pg_stat_ssl "
                         "where pid = pg_backend_pid()) from w"),
          sessions[0].scalar("with w as (update t set n = 1 returning n) select pg_backend_pid() || ' true' from w"));
  }
}

}  // namespace
}  // namespace highwater::testing_support
