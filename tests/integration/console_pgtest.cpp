// The operator's console: who may come in, what it shows of a known situation, and what its commands do.

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <map>
#include <set>
#include <thread>

#include "tests/integration/routed_test.hpp"
#include "tests/integration/wire_test.hpp"
#include "tests/support/scratch.hpp"

namespace highwater::testing_support {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

class console : public wire_test {
protected:
  static void SetUpTestSuite() {
    folder = make_folder("console");
    serve({.replicas = 2, .roles = {{"ann", ""}, {"sam", ""}, {"ben", ""}}}, [](highwater_config& config) {
      config.set("admin", "{users: [ann], stats_users: [sam], unix_socket: " + folder.string() + "}");
      config.set("pool", "{size: 1, queue_timeout: 60s}");
      config.set("limits", "{max_clients: 8}");
    });
  }
  void SetUp() override { PROXY_ONLY(); }

  static pg::connection enter(const std::string& user, const std::string& database = "highwater") {
    return served->connect(database, user);
  }
  static pg::connection enter_by_socket(const highwater_process& of, const std::string& at = folder.string()) {
    return pg::connection("host=" + at + " port=" + std::to_string(of.port()) + " user=whoever dbname=anything");
  }
  static pg::connection by_socket() { return enter_by_socket(served->proxy()); }

  // Each row by the names of its columns.
  using line = std::map<std::string, std::string>;
  static std::vector<line> show(pg::connection& by, const std::string& what) {
    const auto shown = by.must("SHOW " + what);
    std::vector<line> lines;
    for (int row = 0; row < shown.rows(); ++row) {
      auto& one = lines.emplace_back();
      for (int column = 0; column < shown.columns(); ++column)
        one[PQfname(shown.raw(), column)] = shown.text(row, column);
    }
    return lines;
  }
  // The first of which the column has this value.
  static line find(const std::vector<line>& all, const std::string& column, const std::string& value) {
    for (const auto& one : all) {
      if (one.at(column) == value) return one;
    }
    return {};
  }
  static line pool_of_postgres(pg::connection& by) { return find(show(by, "POOLS"), "database", "postgres"); }
  static std::string refusal(const std::function<void()>& what) {
    try {
      what();
    } catch (const pg::error& why) {
      return why.what();
    }
    return "";
  }
  // With which the connection ends.
  static std::string last_word(raw::client& of) {
    const auto code = sqlstate(of.read_until('E'));
    EXPECT_TRUE(of.closed_within());
    return code;
  }
  static pg::connection named(const std::string& application) {
    return pg::connection(served->conninfo() + " application_name=" + application);
  }

  inline static std::filesystem::path folder;
};

// Who may come in --------------------------------------------------------------------------------------------------

TEST_F(console, lets_in_who_operates_and_nobody_else) {
  EXPECT_EQ(enter("ann").scalar("SHOW VERSION"), "Highwater 0.1.0");
  EXPECT_EQ(enter("sam").scalar("SHOW VERSION"), "Highwater 0.1.0");
  EXPECT_EQ(enter("sam", "pgbouncer").scalar("SHOW VERSION"), "Highwater 0.1.0") << "as exporters call it";
  EXPECT_THAT(refusal([] { enter("ben"); }), HasSubstr("user \"ben\" is not allowed to use Highwater's console"));
  const auto looks = enter("sam").exec("PAUSE");
  EXPECT_EQ(looks.sqlstate(), "42501") << looks.message();
  raw::client stranger(served->port());
  stranger.send(raw::startup("ben", "highwater"));
  const auto first = stranger.read_until('E');
  EXPECT_EQ(sqlstate(first), "28000");
}

TEST_F(console, is_no_database_where_nobody_operates) {
  const highwater_process plain{highwater_config(served->cluster())};
  EXPECT_THAT(refusal([&] { plain.connect("highwater"); }), HasSubstr("database \"highwater\" does not exist"));
  EXPECT_THAT(refusal([&] { plain.connect("pgbouncer"); }), HasSubstr("database \"pgbouncer\" does not exist"));
}

TEST_F(console, asks_for_a_password_as_any_database) {
  const highwater_process strict(highwater_config(served->cluster())
                                     .set("admin", "{users: [ann]}")
                                     .set("auth", "{method: scram-sha-256, users: [{name: ann, password: pencil}]}"));
  EXPECT_EQ(pg::connection(strict.conninfo("highwater", "ann") + " password=pencil").scalar("SHOW VERSION"),
            "Highwater 0.1.0");
  EXPECT_THAT(refusal([&] { pg::connection wrong(strict.conninfo("highwater", "ann") + " password=wrong"); }),
              HasSubstr("password authentication failed"));
}

TEST_F(console, takes_what_a_client_wants_set_and_does_nothing_about_it) {
  pg::connection one(served->conninfo("highwater", "ann") +
                     " application_name=exporter options='-c highwater.level=nonsense -c extra_float_digits=3'");
  EXPECT_EQ(one.scalar("SHOW VERSION"), "Highwater 0.1.0");
}

TEST_F(console, has_a_socket_for_who_may_open_it) {
  auto one = by_socket();
  EXPECT_TRUE(one.exec("RECONNECT nothing").ok()) << "an admin";
  struct stat file {};
  ASSERT_EQ(::stat((folder / (".s.PGSQL." + std::to_string(served->port()))).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
}

TEST_F(console, lets_operators_in_where_clients_are_turned_away) {
  std::vector<pg::connection> all;
  const deadline end;
  while (!end.passed() && all.size() < 8) all.push_back(served->connect());
  EXPECT_THAT(refusal([] { served->connect(); }), HasSubstr("too many clients already"));
  auto by_name = enter("sam");
  EXPECT_EQ(find(show(by_name, "LISTS"), "list", "used_clients").at("items"), "8");
  EXPECT_EQ(by_socket().scalar("SHOW VERSION"), "Highwater 0.1.0");
  EXPECT_THAT(refusal([] { enter("ben"); }), HasSubstr("is not allowed"));
  EXPECT_THAT(refusal([] { served->connect(); }), HasSubstr("too many clients already")) << "still eight";
}

TEST_F(console, speaks_both_protocols_and_keeps_what_does_not_fit_out) {
  auto one = enter("sam");
  EXPECT_EQ(one.exec_params("SHOW VERSION", {}).text(), "Highwater 0.1.0");
  EXPECT_TRUE(one.prepare("pools", "SHOW POOLS").ok());
  EXPECT_TRUE(one.exec_prepared("pools", {}).ok());
  EXPECT_EQ(one.exec("SELECT * FROM pg_class").sqlstate(), "0A000");
  EXPECT_EQ(one.exec("RELOAD").sqlstate(), "42501");
  EXPECT_EQ(enter("ann").exec("SET max_clients = 7").sqlstate(), "22023");
  EXPECT_EQ(enter("ann").exec("RELOAD").tag(), "RELOAD");
  raw::client much(served->port());
  much.log_in("sam", "highwater");
  much.send(raw::query(std::string(70'000, ' ')));
  EXPECT_TRUE(much.closed_within());
}

// It begins a transaction before whatever it is told.
TEST_F(console, suits_psycopg2) {
  const std::string script =
      "import psycopg2\n"
      "db = psycopg2.connect('" +
      served->conninfo("pgbouncer", "sam") +
      "')\n"
      "for alone in (False, True):\n"
      "  db.autocommit = alone\n"
      "  ask = db.cursor()\n"
      "  ask.execute('SHOW POOLS')\n"
      "  print([each.name for each in ask.description][:3], ask.fetchall() is not None)\n"
      "  alone or db.commit()\n";
  const auto done = run({{"/usr/bin/python3", "-c", script}});
  EXPECT_TRUE(done.status.success()) << done.output;
  EXPECT_EQ(done.output, "['database', 'user', 'cl_active'] True\n['database', 'user', 'cl_active'] True\n");
}

TEST_F(console, answers_many_commands_that_come_at_once) {
  raw::client one(served->port());
  one.log_in("sam", "highwater");
  std::string all;
  for (int i = 0; i < 500; ++i) all += raw::query("SHOW LISTS");
  one.send(all);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(sqlstate(one.read_until_ready()), "") << i;
}

// What it shows ----------------------------------------------------------------------------------------------------

TEST_F(console, shows_a_client_in_a_transaction_one_that_waits_and_one_that_is_idle) {
  auto busy = named("busy"), waits = named("waits"), idle = named("idle");
  busy.must("begin; create temporary table held (a int)");
  pending waiting(waits, "update pg_class set relname = relname where false");
  auto ann = enter("ann");
  await("one waits", [&] { return pool_of_postgres(ann).at("cl_waiting") == "1"; });
  std::this_thread::sleep_for(milliseconds(20));
  const auto pool = pool_of_postgres(ann);
  EXPECT_EQ(pool.at("cl_active"), "2");
  EXPECT_EQ(pool.at("sv_active"), "1");
  EXPECT_GT(std::stoi(pool.at("maxwait_us")), 10'000);
  EXPECT_EQ(pool.at("pool_mode"), "transaction");

  const auto clients = show(ann, "CLIENTS");
  EXPECT_EQ(clients.size(), 3U);
  const auto active = find(clients, "application_name", "busy");
  EXPECT_EQ(active.at("state"), "active");
  EXPECT_EQ(active.at("addr"), "127.0.0.1");
  EXPECT_NE(active.at("connect_time"), "NULL");
  EXPECT_NE(active.at("request_time"), "NULL");
  EXPECT_EQ(find(clients, "application_name", "waits").at("state"), "waiting");
  EXPECT_EQ(find(clients, "application_name", "idle").at("state"), "idle");
  EXPECT_EQ(find(clients, "application_name", "idle").at("link"), "");

  const auto server = find(show(ann, "SERVERS"), "state", "active");
  EXPECT_EQ(server.at("link"), active.at("ptr"));
  EXPECT_EQ(server.at("ptr"), active.at("link"));
  EXPECT_EQ(server.at("remote_pid"), busy.scalar("select pg_backend_pid()"));
  EXPECT_EQ(server.at("database"), "postgres");

  const auto pins = show(ann, "PINS");
  ASSERT_EQ(pins.size(), 1U);
  EXPECT_EQ(pins[0].at("application_name"), "busy");
  EXPECT_THAT(pins[0].at("reason"), HasSubstr("temporary"));
  EXPECT_NE(pins[0].at("since"), "NULL");

  const auto lists = show(ann, "LISTS");
  EXPECT_EQ(find(lists, "list", "used_clients").at("items"), "3");
  const auto database = find(show(ann, "DATABASES"), "name", "postgres");
  EXPECT_EQ(database.at("paused"), "0");
  EXPECT_EQ(database.at("port"), std::to_string(primary().port()));
  EXPECT_EQ(find(show(ann, "USERS"), "name", "postgres").at("current_client_connections"), "3");
  busy.must("rollback");
  busy.must("discard all");
  EXPECT_TRUE(waiting.take().ok());
}

TEST_F(console, counts_what_clients_do) {
  auto sam = enter("sam");
  auto one = served->connect();
  one.must("select 1");
  const auto stats = [&] { return find(show(sam, "STATS"), "database", "postgres"); };
  const auto more = [](const line& after, const line& before, const std::string& what) {
    return std::stoll(after.at(what)) - std::stoll(before.at(what));
  };
  const auto before = stats();
  for (int i = 0; i < 5; ++i) one.must("update pg_class set relname = relname where false");
  one.must("begin; update pg_class set relname = relname where false");
  one.must("commit");
  const auto after = stats();
  EXPECT_EQ(more(after, before, "total_query_count"), 7);
  EXPECT_EQ(more(after, before, "total_xact_count"), 6);
  EXPECT_GT(more(after, before, "total_received"), 5 * 40);
  EXPECT_GT(more(after, before, "total_sent"), 5 * 10);
  EXPECT_GE(more(after, before, "total_server_assignment_count"), 6);
  EXPECT_GT(more(after, before, "total_query_time"), 0);
  EXPECT_GE(more(after, before, "total_xact_time"), more(after, before, "total_query_time"));
  EXPECT_EQ(after.at("avg_xact_time"), "0") << "no period is over yet";
}

TEST_F(console, shows_the_cluster_and_the_settings) {
  auto sam = enter("sam");
  const auto nodes = show(sam, "NODES");
  ASSERT_EQ(nodes.size(), 3U);
  EXPECT_EQ(find(nodes, "role", "primary").at("name"), primary().name());
  for (const auto& one : nodes) {
    EXPECT_EQ(one.at("usable"), "t") << one.at("name");
    EXPECT_EQ(one.at("unusable_reason"), "NULL");
    EXPECT_THAT(one.at("position"), HasSubstr("/"));
  }
  const auto settings = show(sam, "CONFIG");
  EXPECT_EQ(find(settings, "key", "pool.size").at("value"), "1");
  EXPECT_EQ(find(settings, "key", "pool.size").at("default"), "20");
  EXPECT_EQ(find(settings, "key", "pool.queue_timeout").at("value"), "1min");
  EXPECT_EQ(find(settings, "key", "cluster.nodes[1].name").at("value"), "b");
  EXPECT_EQ(find(show(sam, "STATE"), "key", "active").at("value"), "yes");
  EXPECT_EQ(show(sam, "MEM").at(0).at("name"), "heap");
  served->connect().must("select 1");
  EXPECT_FALSE(show(sam, "ROUTES").empty());
}

TEST_F(console, shows_no_secrets) {
  const highwater_process strict(highwater_config(served->cluster())
                                     .set("admin", "{stats_users: [ann]}")
                                     .set("auth", "{method: scram-sha-256, users: [{name: ann, password: pencil}]}"));
  pg::connection ann(strict.conninfo("highwater", "ann") + " password=pencil");
  for (const auto& one : show(ann, "CONFIG")) EXPECT_THAT(one.at("value"), testing::Not(HasSubstr("pencil")));
}

// What it does -----------------------------------------------------------------------------------------------------

TEST_F(console, kills_the_one_client_that_is_meant) {
  auto one = client({{"application_name", "one"}});
  auto other = named("other");
  auto ann = enter("ann");
  const auto id = find(show(ann, "CLIENTS"), "application_name", "one").at("ptr").substr(1);
  ann.must("KILL_CLIENT " + id);
  EXPECT_EQ(last_word(one), "57P01");
  EXPECT_TRUE(other.exec("select 1").ok());
  EXPECT_EQ(ann.exec("KILL_CLIENT " + id).sqlstate(), "42704");
}

TEST_F(console, pauses_a_database_until_it_is_resumed) {
  auto ann = enter("ann"), second = enter("ann");
  auto one = named("one"), other = named("other");
  one.must("begin; update pg_class set relname = relname where false");
  pending pause(ann, "PAUSE postgres");
  await("it is paused", [&] { return find(show(second, "DATABASES"), "name", "postgres").at("paused") == "1"; });
  EXPECT_FALSE(pause.answered()) << "a transaction is under way";
  EXPECT_TRUE(one.exec("commit").ok()) << "which goes on";
  EXPECT_TRUE(pause.take().ok());
  EXPECT_EQ(find(show(second, "DATABASES"), "name", "postgres").at("current_connections"), "0");
  pending waiting(other, "select 1");
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_FALSE(waiting.answered());
  EXPECT_EQ(find(show(second, "CLIENTS"), "application_name", "other").at("state"), "waiting");
  EXPECT_EQ(ann.exec("PAUSE postgres").sqlstate(), "55000");
  ann.must("RESUME postgres");
  EXPECT_TRUE(waiting.take().ok());
  EXPECT_EQ(ann.exec("RESUME postgres").sqlstate(), "55000");
}

TEST_F(console, pauses_everything_and_gives_a_pause_up_whose_operator_has_gone) {
  auto one = named("one"), other = named("other");
  one.must("begin; update pg_class set relname = relname where false");
  auto second = enter("ann");
  {
    auto ann = enter("ann");
    pending pause(ann, "PAUSE");
    await("all is paused", [&] { return find(show(second, "STATE"), "key", "paused").at("value") == "yes"; });
    pending waiting(other, "select 1");
    EXPECT_TRUE(ann.cancel());
    EXPECT_EQ(pause.take().sqlstate(), "57014");
    EXPECT_TRUE(waiting.take().ok());
  }
  await("no more", [&] { return find(show(second, "STATE"), "key", "paused").at("value") == "no"; });
  one.must("commit");
  second.must("PAUSE");
  second.must("RESUME");
  EXPECT_TRUE(one.exec("select 1").ok());
}

TEST_F(console, kills_what_a_database_has_and_keeps_new_clients_waiting) {
  primary().tell("create database gone");
  served->cluster().await_replay();
  auto ann = enter("ann");
  auto one = client({}, "gone");
  auto elsewhere = served->connect();
  EXPECT_EQ(sqlstate(one.query("begin; update pg_class set relname = relname where false")), "");
  ann.must("KILL gone");
  EXPECT_EQ(last_word(one), "57P01");
  EXPECT_TRUE(elsewhere.exec("select 1").ok());
  await("its connections are closed", [&] {
    return primary().connect().scalar("select count(*) from pg_stat_activity where datname = 'gone'") == "0";
  });
  auto late = served->connect("gone");
  pending waiting(late, "select 1");
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_FALSE(waiting.answered());
  ann.must("RESUME gone");
  EXPECT_TRUE(waiting.take().ok());
}

TEST_F(console, disables_a_database_for_new_clients) {
  auto ann = enter("ann");
  auto there = served->connect();
  ann.must("DISABLE postgres");
  EXPECT_THAT(refusal([] { served->connect(); }), HasSubstr("database does not allow connections: postgres"));
  EXPECT_TRUE(there.exec("select 1").ok());
  EXPECT_EQ(find(show(ann, "DATABASES"), "name", "postgres").at("disabled"), "1");
  ann.must("ENABLE postgres");
  EXPECT_TRUE(served->connect().exec("select 1").ok());
}

TEST_F(console, makes_server_connections_anew) {
  auto ann = enter("ann");
  auto one = served->connect();
  const auto pid = [&] {
    one.must("begin; update pg_class set relname = relname where false");
    auto answer = one.scalar("select pg_backend_pid()");
    one.must("commit");
    return answer;
  };
  const auto before = pid();
  EXPECT_EQ(pid(), before);
  ann.must("RECONNECT postgres");
  ann.must("WAIT_CLOSE postgres");
  EXPECT_NE(pid(), before);
}

TEST_F(console, drains_a_replica) {
  auto ann = enter("ann");
  EXPECT_EQ(ann.exec("DRAIN nowhere").sqlstate(), "42704");
  EXPECT_EQ(ann.exec("DRAIN " + primary().name()).sqlstate(), "55000");
  const auto sql = "select count(*) from pg_catalog.pg_class"s;
  await_read(sql);
  const auto by = [&] {
    std::set<std::string> nodes;
    for (int i = 0; i < 4; ++i) {
      pg::connection one(served->conninfo() + " options='-c highwater.level=eventual'");
      for (int j = 0; j < 4; ++j) nodes.insert(read(one, sql).by.node);
    }
    return nodes;
  };
  const auto& replica = served->cluster().replica(0);
  EXPECT_EQ(by().size(), 2U);
  ann.must("DRAIN " + replica.name());
  EXPECT_EQ(by(), std::set<std::string>{served->cluster().replica(1).name()});
  const auto drained = find(show(ann, "NODES"), "name", replica.name());
  EXPECT_EQ(drained.at("drained"), "t");
  await("nothing is left there",
        [&] { return find(show(ann, "NODES"), "name", replica.name()).at("connections") == "0"; });
  ann.must("UNDRAIN " + replica.name());
  EXPECT_EQ(by().size(), 2U);
}

// The end ----------------------------------------------------------------------------------------------------------

TEST_F(console, shuts_down_as_it_is_told) {
  const auto own = make_folder("own");
  highwater_config config(served->cluster());
  config.set("admin", "{unix_socket: " + own.string() + "}");
  config.set("drain_timeout", "60s");
  {
    highwater_process at_once(config);
    auto busy = at_once.connect();
    busy.must("begin; update pg_class set relname = relname where false");
    enter_by_socket(at_once, own.string()).exec("SHUTDOWN");
    await("it has ended", [&] { return !at_once.child().running(); });
    at_once.stop();
  }
  {
    highwater_process drains(config);
    auto busy = drains.connect();
    raw::client idle(drains.port());
    idle.log_in();
    busy.must("begin; update pg_class set relname = relname where false");
    auto ann = enter_by_socket(drains, own.string());
    ann.must("SHUTDOWN WAIT_FOR_SERVERS");
    EXPECT_EQ(last_word(idle), "57P01");
    EXPECT_EQ(find(show(ann, "STATE"), "key", "draining").at("value"), "yes");
    EXPECT_EQ(show(ann, "CLIENTS").size(), 1U);
    EXPECT_EQ(enter_by_socket(drains, own.string()).scalar("SHOW VERSION"), "Highwater 0.1.0") << "still let in";
    EXPECT_TRUE(busy.exec("commit").ok());
    await("it has ended", [&] { return !drains.child().running(); });
    drains.stop();
  }
  {
    highwater_process waits(config);
    auto idle = std::make_unique<pg::connection>(waits.connect());
    auto ann = enter_by_socket(waits, own.string());
    ann.must("SHUTDOWN WAIT_FOR_CLIENTS");
    await("nobody new comes in", [&] { return !refusal([&] { waits.connect(); }).empty(); });
    EXPECT_TRUE(idle->exec("select 1").ok());
    idle.reset();
    await("it has ended", [&] { return !waits.child().running(); });
    waits.stop();
  }
}

}  // namespace
}  // namespace highwater::testing_support
