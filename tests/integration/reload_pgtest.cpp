// A new configuration without a restart: what is applied, what is not, and that nobody notices.

#include <atomic>
#include <thread>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

class reload : public wire_test {
protected:
  static void SetUpTestSuite() {
    serve({.replicas = 1, .roles = {{"ann", "of ann"}}});
    served->cluster().primary().connect().must("create table t (n int); insert into t values (1)");
    served->cluster().await_replay();
  }
  void SetUp() override {
    PROXY_ONLY();
    proxy = std::make_unique<highwater_process>(first());
    proxy->await_ready();
  }
  void TearDown() override { proxy.reset(); }

  static highwater_config first() {
    return highwater_config(served->cluster()).set("auth", "{method: scram-sha-256, users: [" + postgres + "]}");
  }
  std::string enter(const std::string& user, const std::string& password) const {
    try {
      return pg::connection(proxy->conninfo("postgres", user) + " password='" + password + "'")
          .scalar("select current_user");
    } catch (const pg::error& why) {
      return why.what();
    }
  }
  pg::connection client() const { return pg::connection(proxy->conninfo() + " password=pencil"); }

  static constexpr const char* of_postgres = "{name: postgres, password: pencil}";
  inline static const std::string postgres = of_postgres;
  std::unique_ptr<highwater_process> proxy;
};

TEST_F(reload, lets_other_users_in_and_keeps_those_who_are) {
  EXPECT_THAT(enter("ann", "of ann"), HasSubstr("password authentication failed"));
  auto session = client();
  session.must("begin; insert into t values (2)");
  proxy->reload(first().set("auth", "{method: scram-sha-256, users: [{name: ann, password: of ann}]}"));
  EXPECT_EQ(enter("ann", "of ann"), "ann");
  EXPECT_THAT(enter("postgres", "pencil"), HasSubstr("password authentication failed"));
  EXPECT_EQ(session.scalar("select count(*) from t where n = 2"), "1");
  session.must("rollback");
  proxy->reload(first().set("auth", "\n  users: [" + postgres +
                                        "]\n  rules: [{type: host, databases: [all], users: "
                                        "[all], address: all, method: reject}]"));
  EXPECT_THAT(enter("postgres", "pencil"), HasSubstr("auth.rules rejects connection"));
}

TEST_F(reload, applies_levels_and_policies_to_sessions_that_are_there) {
  auto session = client();
  const auto level = [&] {
    session.must("select n from t");
    return session.scalar("show highwater.last_route");
  };
  await("the table is known", [&] { return level().find("level=session") != std::string::npos; });
  proxy->reload(first().set("consistency", "{level: eventual}"));
  await("the level is another", [&] { return level().find("level=eventual") != std::string::npos; });
  proxy->reload(first()
                    .set("consistency", "{level: eventual}")
                    .set("policies", "[{name: precious, match: {tables: [t]}, level: primary}]"));
  await("the policy holds", [&] { return level().find("level=primary") != std::string::npos; });
  proxy->reload(first().set("consistency", "{level: eventual}"));
  await("... and does not", [&] { return level().find("level=eventual") != std::string::npos; });
}

TEST_F(reload, applies_limits_and_the_size_of_pools) {
  auto one = client();
  proxy->reload(first().set("limits", "{max_clients: 1}"));
  await("nobody else comes in",
        [&] { return enter("postgres", "pencil").find("too many clients") != std::string::npos; });
  proxy->reload(first().set("pool", "{size: 1, queue_timeout: 100ms}"));
  await("others come in", [&] { return enter("postgres", "pencil") == "postgres"; });
  auto other = client();
  one.must("begin; insert into t values (3)");
  await("there is one connection", [&] { return other.exec("insert into t values (3)").sqlstate() == "53300"; });
  proxy->reload(first());
  await("there are more", [&] { return other.exec("insert into t values (3)").ok(); });
  one.must("rollback");
}

TEST_F(reload, keeps_everything_where_something_is_wrong_and_says_all_of_it) {
  proxy->reload(first().set("limits", "{max_clients: none}").set("pol", "1").set("log", "{level: trace}"));
  EXPECT_THAT(proxy->log(), HasSubstr("limits.max_clients: found 'none'"));
  EXPECT_THAT(proxy->log(), HasSubstr("pol: found unknown key"));
  EXPECT_THAT(proxy->log(), HasSubstr("is not applied: the configuration stays as it was"));
  EXPECT_EQ(enter("postgres", "pencil"), "postgres");
  proxy->reload(first()
                    .set("listen",
                         "{address: 127.0.0.1, port: 0, tls: {mode: prefer, certificate: /no/where.crt, "
                         "key: /no/where.key}}")
                    .set("limits", "{max_clients: 1}"));
  EXPECT_THAT(proxy->log(), HasSubstr("/no/where.crt"));
  auto one = client();
  EXPECT_EQ(enter("postgres", "pencil"), "postgres") << "nothing of it was applied";
}

TEST_F(reload, says_what_needs_a_restart_and_applies_the_rest) {
  proxy->reload(first().set("workers", "1").set("limits", "{max_clients: 1}"));
  EXPECT_THAT(proxy->log(), HasSubstr("these need a restart to be applied: workers"));
  auto one = client();
  await("the limit holds", [&] { return enter("postgres", "pencil").find("too many clients") != std::string::npos; });
}

TEST_F(reload, believes_other_balancers) {
  const std::string header = "PROXY TCP4 192.0.2.9 127.0.0.1 4711 6432\r\n";
  const auto answer = [&](const std::string& before) {
    raw::client one(proxy->port());
    one.send(before + raw::startup("postgres", "postgres"));
    const auto first = one.read_message();
    return first ? std::string(1, first->type) : "closed";
  };
  const auto there = [](const std::string& balancers) {
    return first().set("listen", "{address: 127.0.0.1, port: 0, proxy_protocol: [" + balancers + "]}");
  };
  EXPECT_EQ(answer(""), "R");
  EXPECT_NE(answer(header), "R");
  proxy->reload(there("127.0.0.1"));
  await("it is believed", [&] { return answer(header) == "R"; });
  EXPECT_EQ(answer(""), "closed") << "and has to say it";
  proxy->reload(there("192.0.2.1"));
  await("it is not any more", [&] { return answer("") == "R"; });
  EXPECT_THAT(proxy->log(), testing::Not(HasSubstr("need a restart")));
}

// Certificates -----------------------------------------------------------------------------------------------------

TEST_F(reload, shows_another_certificate_and_keeps_those_who_know_the_first) {
  const auto folder = make_folder("certificates");
  const certificate_authority first_ca("first"), second_ca("second");
  const auto roots = std::pair(write_secret(folder, "first.crt", first_ca.certificate()),
                               write_secret(folder, "second.crt", second_ca.certificate()));
  const auto install = [&](const certificate_authority& by) {
    const auto made = by.issue({});
    write_secret(folder, "server.crt", made.certificate);
    write_secret(folder, "server.key", made.key);
  };
  install(first_ca);
  const auto config = first().set(
      "listen", "{address: 127.0.0.1, port: 0, tls: {mode: require, certificate: " + (folder / "server.crt").string() +
                    ", key: " + (folder / "server.key").string() + "}}");
  proxy = std::make_unique<highwater_process>(config);
  proxy->await_ready();
  const auto checked_by = [&](const std::string& root) {
    return proxy->conninfo() + " password=pencil sslmode=verify-full sslrootcert=" + root;
  };
  pg::connection session(checked_by(roots.first));
  install(second_ca);
  proxy->reload(config);
  EXPECT_EQ(pg::connection(checked_by(roots.second)).scalar("select 1"), "1");
  EXPECT_THROW(pg::connection{checked_by(roots.first)}, pg::error);
  EXPECT_EQ(session.scalar("select 1"), "1");
}

// Under load -------------------------------------------------------------------------------------------------------

TEST_F(reload, costs_nobody_an_error_and_no_connection_under_load) {
  constexpr int clients = 4, reloads = 20;
  std::atomic<bool> over{false};
  std::vector<std::string> failures(clients);
  std::vector<std::thread> load;
  for (int i = 0; i < clients; ++i) {
    load.emplace_back([&, i] {
      auto session = client();
      for (int n = 0; !over; ++n) {
        const auto written = std::to_string(i) + "000000" + std::to_string(n);
        const auto wrote = session.exec("insert into t values (-" + std::to_string(i * 100'000 + n) + ")");
        const auto read = session.exec("select count(*) from t where n = -" + std::to_string(i * 100'000 + n));
        if (!wrote.ok() || !read.ok() || read.text() == "0")
          failures[static_cast<std::size_t>(i)] = written + wrote.message() + read.message();
      }
    });
  }
  await("connections are made", [&] { return proxy->metric("highwater_server_connects_total") >= 2; });
  const auto made = [&] {
    return served->cluster().primary().connect().scalar(
        "select string_agg(pid::text, ',' order by pid) from pg_stat_activity where usename = 'postgres' and "
        "client_port is not null and backend_type = 'client backend' and pid <> pg_backend_pid()");
  };
  const auto before = made();
  for (int i = 0; i < reloads; ++i) proxy->reload(i % 2 == 0 ? first().set("consistency", "{level: causal}") : first());
  const auto after = made();
  over = true;
  for (auto& one : load) one.join();
  for (const auto& each : failures) EXPECT_EQ(each, "");
  EXPECT_NE(before, "NULL");
  for (std::size_t at = 0; at < before.size();) {
    const auto end = std::min(before.find(',', at), before.size());
    EXPECT_THAT(after, HasSubstr(before.substr(at, end - at))) << "a server connection was recycled";
    at = end + 1;
  }
}

}  // namespace
}  // namespace highwater::testing_support
