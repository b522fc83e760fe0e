// Those who ask for replication: PostgreSQL's own programs work through the proxy as they do without it, and nobody
// else's connection is touched by that.

#include <csignal>
#include <tuple>

#include "tests/integration/wire_test.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr milliseconds long_enough{180'000};  // for copying a cluster
const cluster_options wal_for_everybody{.replicas = 1, .settings = {"wal_level = logical"}};

class replication : public wire_test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    folder = make_folder("replication");
    const certificate_authority authority("authority");
    const auto made = authority.issue({.common_name = "proxy"});
    certificate = write_secret(folder, "proxy.crt", made.certificate);
    key = write_secret(folder, "proxy.key", made.key);
    for (const auto* file : {"proxy.crt", "proxy.key"}) give_to_server_user(folder / file);
    auto options = wal_for_everybody;
    for (const auto& line :
         {std::string("ssl = on"), "ssl_cert_file = '" + certificate + "'", "ssl_key_file = '" + key + "'"}) {
      options.settings.push_back(line);
    }
    options.roles = {{"copier", "pencil"}, {"reader", ""}};
    serve(options);
    primary().tell("alter role copier replication");
    // 64 MB, which no socket has room for.
    primary().tell("create table big as select n, repeat('x', 1000) from generate_series(1, 60000) n");
    ask_copier_for_a_password();
    encrypted = std::make_unique<highwater_process>(with_tls(highwater_config(served->cluster())));
    strict = std::make_unique<highwater_process>(with_rules(highwater_config(served->cluster())));
    for (const auto* each : {encrypted.get(), strict.get()}) each->await_ready();
  }
  static void TearDownTestSuite() {
    encrypted.reset();
    strict.reset();
    served.reset();
  }
  void SetUp() override { PROXY_ONLY(); }
  void TearDown() override {
    if (!served) return;
    await("all of them are gone", [] {
      return served->proxy().metric("highwater_replication_connections") == 0 &&
             primary().ask("select count(*) from pg_stat_activity where backend_type = 'walsender'") == "1";
    });
  }

  // Of the servers, which trust everybody else.
  static void ask_copier_for_a_password() {
    for (const auto& each : served->cluster().nodes()) {
      const auto rules = each->folder() / "pg_hba.conf";
      write_file(rules, "host replication copier 127.0.0.1/32 scram-sha-256\n" + read_file(rules));
      each->tell("select pg_reload_conf()");
    }
    await("the primary asks for a password", [] {
      try {
        pg::connection(primary().conninfo("postgres", "copier") + " replication=true");
        return false;
      } catch (const pg::error&) {
        return true;
      }
    });
  }
  static highwater_config with_tls(highwater_config config) {
    config.set("listen", "{address: 127.0.0.1, port: 0, tls: {mode: require, certificate: " + certificate +
                             ", key: " + key + "}}");
    return config.set("cluster", config.section("cluster") + "\n  tls: {mode: require}");
  }
  // Of copier nothing is known but its secret.
  static highwater_config with_rules(highwater_config config) {
    const auto secret = primary().ask("select rolpassword from pg_authid where rolname = 'copier'");
    return config.set("auth", "\n  users: [{name: copier, secret: '" + secret +
                                  "'}]\n"
                                  "  rules:\n"
                                  "    - {type: host, databases: [replication, postgres], users: [copier], address: "
                                  "127.0.0.1, method: scram-sha-256}\n"
                                  "    - {type: host, databases: [all], users: [postgres], address: 127.0.0.1, method: "
                                  "trust}\n");
  }

  static std::string conninfo(const std::string& more, const std::string& user = "postgres",
                              const highwater_process& by = served->proxy()) {
    return by.conninfo("postgres", user) + " " + more;
  }
  static std::string why_not(const std::string& how) {
    try {
      pg::connection{how};
      return "let in";
    } catch (const pg::error& error) {
      return error.what();
    }
  }
  static completed program(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), server_program(name));
    return run({.argv = std::move(arguments), .environment = {{"HOME", folder}}, .as_server_user = true}, long_enough);
  }
  static void expect_success(const completed& done) { EXPECT_TRUE(done.status.success()) << done.output; }
  static raw::client walsender(const std::string& kind, const parameters& more = {}) {
    parameters all{{"replication", kind}};
    all.insert(all.end(), more.begin(), more.end());
    return client(all);
  }
  static std::string activity(const raw::client& of, const std::string& what) {
    return primary().ask("select (select " + what +
                         " from pg_stat_activity where pid = " + std::to_string(of.backend_pid()) + ")");
  }
  static std::string sent_to(const std::string& application, const std::string& what) {
    return primary().ask("select (select " + what + " from pg_stat_replication where application_name = '" +
                         application + "')");
  }

  inline static fs::path folder;
  inline static std::string certificate, key;
  inline static std::unique_ptr<highwater_process> encrypted, strict;
};

// PostgreSQL's programs ----------------------------------------------------------------------------------------------

TEST_F(replication, copies_a_cluster_that_can_be_started) {
  for (const auto* each : {&served->proxy(), encrypted.get()}) {
    const auto copied = make_folder("copied");
    fs::permissions(copied, fs::perms(0700));
    expect_success(program("pg_basebackup", {"-D", copied.string(), "-X", "stream", "--checkpoint=fast", "--no-sync",
                                             "-d", conninfo("", "postgres", *each)}));
    expect_success(program("pg_verifybackup", {copied.string()}));
    node copy("copy", copied);
    copy.start();
    EXPECT_EQ(copy.ask("select count(*) from big"), "60000");
  }
}

TEST_F(replication, receives_wal_and_tells_how_far) {
  const auto received = make_folder("received");
  expect_success(program("pg_receivewal", {"-d", conninfo(""), "--slot=archive", "--create-slot"}));
  process receiver({.argv = {server_program("pg_receivewal"), "-D", received.string(), "--slot=archive",
                             "--synchronous", "-d", conninfo("application_name=archiver")},
                    .log = folder / "receivewal.log",
                    .as_server_user = true});
  await("it streams", [] { return sent_to("archiver", "state") == "streaming"; });
  primary().tell("create table received as select generate_series(1, 1000)");
  const auto end = served->cluster().flushed_position();
  await("it has all of that, and the primary knows",
        [&] { return sent_to("archiver", "flush_lsn >= '" + end + "'") == "t"; });
  EXPECT_TRUE(receiver.stop(SIGINT).success()) << read_file(folder / "receivewal.log");
  EXPECT_FALSE(fs::is_empty(received));
  expect_success(program("pg_receivewal", {"-d", conninfo(""), "--slot=archive", "--drop-slot"}));
}

TEST_F(replication, decodes_what_is_written) {
  primary().tell("create table decoded (n int)");
  const std::vector<std::string> slot{"-d", conninfo("", "postgres"), "--slot=decoding"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), slot.begin(), slot.end());
    return more;
  };
  expect_success(program("pg_recvlogical", with({"--create-slot", "-P", "test_decoding"})));
  const auto output = make_folder("decoded") / "changes";
  auto arguments = with({"--start", "-f", output.string()});
  arguments.insert(arguments.begin(), server_program("pg_recvlogical"));
  process receiver({.argv = arguments, .log = folder / "recvlogical.log", .as_server_user = true});
  served->connect().must("insert into decoded values (42)");
  await("the row is there",
        [&] { return read_file(output).find("table public.decoded: INSERT: n[integer]:42") != std::string::npos; });
  EXPECT_TRUE(receiver.stop(SIGINT).success()) << read_file(folder / "recvlogical.log");
  await("the slot is free",
        [] { return primary().ask("select active from pg_replication_slots where slot_name = 'decoding'") == "f"; });
  expect_success(program("pg_recvlogical", with({"--drop-slot"})));
}

TEST_F(replication, feeds_a_subscription) {
  postgres_cluster other({.replicas = 0});
  const std::string table = "create table shared (n int primary key)";
  primary().tell(table + "; insert into shared values (1); create publication everything for table shared");
  other.primary().tell(table);
  auto subscriber = other.primary().connect();
  subscriber.must("create subscription feed connection '" + conninfo("application_name=feed") +
                  "' publication everything");
  const auto has = [&](const std::string& rows) {
    await("it has " + rows,
          [&] { return subscriber.scalar("select string_agg(n::text, ',' order by n) from shared") == rows; });
  };
  has("1");
  served->connect().must("insert into shared values (2)");
  has("1,2");
  EXPECT_EQ(sent_to("feed", "state"), "streaming");
  served->connect().must("update shared set n = 3 where n = 1");
  has("2,3");
  subscriber.must("drop subscription feed");
  EXPECT_EQ(primary().ask("select count(*) from pg_replication_slots"), "0");
  primary().tell("drop publication everything; drop table shared");
}

// What a connection is -----------------------------------------------------------------------------------------------

TEST_F(replication, knows_the_system_and_where_it_has_one_the_database) {
  const auto system = primary().ask("select system_identifier from pg_control_system()");
  for (const std::string kind : {"1", "true", "on", "yes", "database"}) {
    pg::connection session(conninfo("replication=" + kind));
    const auto identity = session.must("IDENTIFY_SYSTEM");
    EXPECT_EQ(identity.text(0, 0), system) << kind;
    EXPECT_EQ(identity.text(0, 3), kind == "database" ? "postgres" : "NULL") << kind;
    const auto query = session.exec("select pg_is_in_recovery()");
    if (kind == "database") {
      EXPECT_EQ(query.text(), "f");
    } else {
      EXPECT_THAT(query.message(), HasSubstr("cannot execute SQL commands in WAL sender for physical replication"));
    }
  }
  pg::connection none(conninfo("replication=off"));
  EXPECT_EQ(none.exec("IDENTIFY_SYSTEM").sqlstate(), "42601") << "no walsender";
}

TEST_F(replication, has_the_settings_that_the_client_asks_for_and_its_backend) {
  auto session = walsender("database", {{"application_name", "standby \\ 1"},
                                        {"DateStyle", "SQL, DMY"},
                                        {"options", R"(-c work_mem=77kB -c search_path="a\ b",c)"},
                                        {"highwater.level", "strong"}});
  EXPECT_EQ(activity(session, "backend_type || ':' || application_name"), "walsender:standby \\ 1");
  EXPECT_EQ(scalar(session, "show work_mem"), "77kB");
  EXPECT_EQ(scalar(session, "show search_path"), R"("a b",c)");
  EXPECT_EQ(scalar(session, "show datestyle"), "SQL, DMY");
  EXPECT_EQ(served->proxy().metric("highwater_replication_connections"), 1);
}

TEST_F(replication, tells_what_the_server_tells_at_login) {
  raw::client directly(primary().port()), through(served->port());
  const parameters asked{{"replication", "true"}, {"application_name", "twin"}};
  const auto expected = directly.log_in("postgres", "postgres", asked);
  const auto told = through.log_in("postgres", "postgres", asked);
  ASSERT_EQ(raw::types(told), raw::types(expected));
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i].type == 'K') continue;  // the key is its own
    EXPECT_EQ(told[i].payload, expected[i].payload);
  }
}

TEST_F(replication, is_refused_in_the_servers_words_where_the_server_refuses_it) {
  const std::tuple<std::string, std::string, const char*> rows[] = {
      {conninfo("replication=true", "reader"), "FATAL:  must be superuser or replication role to start walsender",
       "no right to"},
      {conninfo("replication=database dbname=nowhere"), "FATAL:  database \"nowhere\" does not exist", "no database"},
      {conninfo("replication=true dbname=nowhere"), "let in", "... which does not matter without one"},
      {conninfo("replication=true options='-c user=reader'"), "unrecognized configuration parameter \"user\"",
       "an option is a setting, and not who logs in"},
      {conninfo("replication=database options='-c nothing=1'"), "unrecognized configuration parameter \"nothing\"",
       "no setting"},
      {conninfo("replication=maybe"), "FATAL:  invalid value for parameter \"replication\": \"maybe\"", "no value"},
      {conninfo("replication=Database"), "Valid values are: \"false\", 0, \"true\", 1, \"database\".", "... its hint"},
  };
  for (const auto& [how, expected, why] : rows) EXPECT_THAT(why_not(how), HasSubstr(expected)) << why;
}

TEST_F(replication, is_for_whom_a_rule_names_it) {
  const std::string no_rule = "no rule in auth.rules for replication connection from host \"127.0.0.1\", user ";
  const std::tuple<std::string, std::string, const char*> rows[] = {
      {conninfo("replication=true", "postgres", *strict), no_rule + "\"postgres\"", "all does not mean replication"},
      {conninfo("replication=database", "postgres", *strict), "let in", "... but any database"},
      {conninfo("replication=true password=pencil", "copier", *strict), "let in", "by its keys, as the server asks"},
      {conninfo("replication=database password=pencil", "copier", *strict), "let in", "... there as well"},
      {conninfo("replication=true password=pen", "copier", *strict), "password authentication failed", "wrong"},
      {conninfo("replication=true", "copier"), "no password supplied", "nothing is known"},
  };
  for (const auto& [how, expected, why] : rows) EXPECT_THAT(why_not(how), HasSubstr(expected)) << why;
}

TEST_F(replication, is_encrypted_on_both_sides) {
  pg::connection session(conninfo("replication=database sslmode=require", "postgres", *encrypted));
  EXPECT_EQ(PQsslInUse(session.raw()), 1);
  EXPECT_EQ(session.scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()"), "t");
  EXPECT_THAT(why_not(conninfo("replication=true sslmode=disable", "postgres", *encrypted)),
              HasSubstr("this connection has to be encrypted"));
}

TEST_F(replication, can_be_cancelled) {
  for (const auto* each : {&served->proxy(), encrypted.get()}) {
    pg::connection session(conninfo("replication=database", "postgres", *each));
    ASSERT_EQ(PQsendQuery(session.raw(), "select pg_sleep(600)"), 1);
    await("it runs", [&] {
      return primary().ask("select (select wait_event from pg_stat_activity where pid = " +
                           std::to_string(session.backend_pid()) + ")") == "PgSleep";
    });
    EXPECT_TRUE(session.cancel());
    EXPECT_EQ(session.next()->sqlstate(), "57014");
  }
}

// One side does not take what the other has: nothing piles up between them.
TEST_F(replication, waits_for_who_does_not_read) {
  auto lazy = walsender("true");
  lazy.send(raw::query("BASE_BACKUP (CHECKPOINT 'fast', MANIFEST 'no')"));
  std::string before;
  int unchanged = 0;
  await("the server has stopped sending", [&] {
    const auto now = primary().ask("select (select backup_streamed from pg_stat_progress_basebackup where pid = " +
                                   std::to_string(lazy.backend_pid()) + ")");
    unchanged = now == before && activity(lazy, "wait_event") == "ClientWrite" ? unchanged + 1 : 0;
    before = now;
    return unchanged == 50;
  });
  std::size_t size = 0;
  while (const auto message = lazy.read_message()) {
    ASSERT_NE(message->type, 'E') << raw::describe(*message);
    size += message->payload.size();
    if (message->type == 'Z') break;
  }
  EXPECT_GT(size, 60'000'000U);
}

// The end ------------------------------------------------------------------------------------------------------------

TEST_F(replication, ends_on_the_other_side_too) {
  const auto gone = [](std::uint32_t pid) {
    await("its walsender is gone", [&] {
      return primary().ask("select count(*) from pg_stat_activity where pid = " + std::to_string(pid)) == "0";
    });
  };
  std::uint32_t pid = 0;
  {
    auto silent = walsender("true");
    pid = silent.backend_pid();
  }
  gone(pid);
  auto polite = walsender("true");
  polite.send(raw::terminate());
  EXPECT_TRUE(polite.closed_within());
  gone(polite.backend_pid());
  auto ended = walsender("true");
  primary().tell("select pg_terminate_backend(" + std::to_string(ended.backend_pid()) + ")");
  EXPECT_EQ(raw::error_field(ended.expect('E'), 'C'), "57P01") << "in the server's own words";
  EXPECT_TRUE(ended.closed_within());
}

TEST_F(replication, does_not_keep_highwater_from_ending) {
  highwater_process proxy{highwater_config(served->cluster()).set("drain_timeout", "600s")};
  proxy.await_ready();
  raw::client session(proxy.port());
  session.log_in("postgres", "postgres", {{"replication", "true"}});
  EXPECT_TRUE(proxy.stop().success());
  EXPECT_TRUE(session.closed_within());
}

// Another primary ----------------------------------------------------------------------------------------------------

std::unique_ptr<highwater_process> proxy_with(postgres_cluster& cluster, const std::string& patience) {
  highwater_config config(cluster);
  config.set("pool", "{queue_timeout: " + patience + "}");
  return std::make_unique<highwater_process>(config);
}

std::string timeline(raw::client& of) {
  for (const auto& each : of.query("IDENTIFY_SYSTEM")) {
    if (each.type == 'D') return raw::row(each).at(1).value_or("NULL");
  }
  return "none";
}

// The old one hangs, and would keep it for ever.
TEST_F(replication, ends_when_another_primary_is_there) {
  postgres_cluster cluster(wal_for_everybody);
  const auto proxy = proxy_with(cluster, "25s");
  proxy->await_ready();
  raw::client before(proxy->port());
  before.log_in("postgres", "postgres", {{"replication", "true"}});
  EXPECT_EQ(timeline(before), "1");
  cluster.primary().freeze();
  cluster.promote(cluster.replica(0));
  EXPECT_TRUE(before.closed_within());
  raw::client after(proxy->port());
  after.log_in("postgres", "postgres", {{"replication", "true"}});
  EXPECT_EQ(timeline(after), "2");
}

TEST_F(replication, waits_for_a_primary_as_long_as_writes_do) {
  postgres_cluster cluster(wal_for_everybody);
  const auto patient = proxy_with(cluster, "600s"), hasty = proxy_with(cluster, "100ms");
  for (const auto* each : {patient.get(), hasty.get()}) each->await_ready();
  cluster.primary().kill9();
  const auto startup = raw::startup("postgres", "postgres", {{"replication", "true"}});
  raw::client early(patient->port());
  early.send(startup);
  await("no primary is known", [&] {
    raw::client refused(hasty->port());
    refused.send(startup);
    const auto why = refused.expect('E');
    EXPECT_THAT(raw::error_field(why, 'C'), testing::AnyOf("57P03", "08006")) << raw::describe(why);
    return raw::error_field(why, 'M') == "no primary is known";
  });
  cluster.promote(cluster.replica(0));
  early.read_until_ready();
  EXPECT_EQ(timeline(early), "2");
}

// Nobody waits for them: they do not either.
TEST_F(replication, that_waits_for_a_primary_ends_with_its_client) {
  postgres_cluster cluster({.replicas = 0});
  const auto proxy = proxy_with(cluster, "600s");
  proxy->await_ready();
  cluster.primary().kill9();
  const auto waiting = [&] { return proxy->metric("highwater_replication_connections"); };
  {
    raw::client impatient(proxy->port());
    impatient.send(raw::startup("postgres", "postgres", {{"replication", "true"}}));
    await("it waits", [&] { return waiting() == 1; });
  }
  await("it is gone", [&] { return waiting() == 0; });
}

}  // namespace
}  // namespace highwater::testing_support
