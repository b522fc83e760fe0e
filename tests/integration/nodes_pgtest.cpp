// Other nodes in the configuration, without a restart: who comes into use, who is let go of, and that nobody notices.

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "tests/integration/routed_test.hpp"
#include "tests/support/free_port.hpp"

namespace highwater::testing_support {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

// Of one session each: what it writes it reads at once, through whichever node.
class load {
public:
  explicit load(const highwater_process& proxy, int clients = 4) {
    for (int i = 0; i < clients; ++i) sessions_.emplace_back([this, &proxy, i] { run(proxy, i); });
  }
  ~load() { end(); }
  // What went wrong; empty if nothing has.
  std::string end() {
    over_ = true;
    for (auto& one : sessions_) {
      if (one.joinable()) one.join();
    }
    return failure_;
  }

private:
  void run(const highwater_process& proxy, int which) {
    static std::atomic<int> next{1'000'000};
    auto session = proxy.connect();
    while (!over_) {
      const auto n = std::to_string(next++);
      const auto wrote = session.exec("insert into t values (" + n + ")");
      const auto read = session.exec("select count(*) from t where n = " + n);
      if (wrote.ok() && read.ok() && read.text() == "1") continue;
      const std::scoped_lock lock(mutex_);
      failure_ = "client " + std::to_string(which) + ": " + wrote.message() + read.message() +
                 (read.ok() ? " read " + read.text() : "");
      return;
    }
  }

  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::string failure_;
  std::vector<std::thread> sessions_;
};

class nodes : public testing::Test {
protected:
  static void SetUpTestSuite() {
    if (testing_direct()) return;
    cluster = std::make_unique<postgres_cluster>(cluster_options{.replicas = 2});
    cluster->primary().tell("create table t (n int primary key)");
    cluster->await_replay();
  }
  static void TearDownTestSuite() { cluster.reset(); }
  void TearDown() override { proxy.reset(); }

  static node& a() { return cluster->primary(); }
  static node& b() { return cluster->replica(0); }
  static node& c() { return cluster->replica(1); }

  struct entry {
    std::string name;
    std::uint16_t port;
    std::string more = "";
    std::string host = "127.0.0.1";
  };
  static entry of(const node& which, const std::string& more = "") { return {which.name(), which.port(), more}; }
  static highwater_config file(const std::vector<entry>& entries) {
    std::string text = "\n  nodes:\n";
    for (const auto& [name, port, more, host] : entries) {
      text += "    - {name: " + name + ", host: " + host + ", port: " + std::to_string(port) + more + "}\n";
    }
    return highwater_config(*cluster)
        .set("cluster", text + "  monitor: {user: highwater, database: postgres}")
        .set("admin", "{users: [postgres]}");
  }
  void start(const std::vector<entry>& entries, const std::function<void(highwater_config&)>& more = {}) {
    if (testing_direct()) GTEST_SKIP() << "says something about the proxy";
    others = more;
    proxy = std::make_unique<highwater_process>(with_others(entries));
    proxy->await_ready();
  }
  // With other nodes, and nothing else.
  void reload(const std::vector<entry>& entries) const { proxy->reload(with_others(entries)); }
  highwater_config with_others(const std::vector<entry>& entries) const {
    auto config = file(entries);
    if (others) others(config);
    return config;
  }

  using line = std::map<std::string, std::string>;
  // By their names.
  std::map<std::string, line> shown() const {
    auto console = proxy->connect("highwater");
    const auto rows = console.must("SHOW NODES");
    std::map<std::string, line> all;
    for (int row = 0; row < rows.rows(); ++row) {
      line one;
      for (int i = 0; i < rows.columns(); ++i) one[PQfname(rows.raw(), i)] = rows.text(row, i);
      all[one.at("name")] = one;
    }
    return all;
  }
  bool is_up(const std::string& name) const { return proxy->metric("highwater_node_up", {{"node", name}}) == 1; }
  double reads(const std::string& name) const { return proxy->metric("highwater_reads_total", {{"node", name}}); }
  void await_reads(const std::string& name) const {
    const auto before = reads(name);
    await("node " + name + " serves reads", [&] { return reads(name) >= before + 3; });
  }
  // One that is not counted.
  static pg::connection observer(const node& where) {
    return pg::connection(where.conninfo() + " application_name=observer");
  }
  // The server connections of clients.
  static std::vector<std::string> connections(const node& where) {
    std::vector<std::string> pids;
    for (const auto& row : observer(where)
                               .must("select pid from pg_stat_activity where usename = 'postgres' and client_port is "
                                     "not null and backend_type = 'client backend' and application_name <> 'observer'")
                               .table()) {
      pids.push_back(row[0]);
    }
    return pids;
  }
  // ... and all others that Highwater has.
  static void await_left(const node& where) {
    await("nothing is connected to node " + where.name(), [&] {
      return connections(where).empty() &&
             observer(where).scalar("select count(*) from pg_stat_activity where usename = 'highwater'") == "0";
    });
  }
  void expect_no_trace_of(const std::string& name) const {
    EXPECT_EQ(proxy->metrics().find("node=\"" + name + "\""), std::string::npos);
    EXPECT_FALSE(shown().contains(name));
    EXPECT_THAT(http_get(proxy->http_port(), "/readyz").body, Not(HasSubstr(name + ": ")));
  }

  inline static std::unique_ptr<postgres_cluster> cluster;
  std::unique_ptr<highwater_process> proxy;
  std::function<void(highwater_config&)> others;  // than the nodes
};

TEST_F(nodes, come_into_use_and_are_let_go_of_under_load) {
  start({of(a()), of(b())});
  load clients(*proxy);
  await_reads("b");
  const auto at_a = connections(a()), at_b = connections(b());
  for (int i = 0; i < 3; ++i) {
    reload({of(a()), of(b()), of(c())});
    await_reads("c");
    EXPECT_TRUE(shown().contains("c"));
    reload({of(a()), of(b())});
    await_left(c());
    expect_no_trace_of("c");
  }
  EXPECT_THAT(connections(a()), IsSupersetOf(at_a)) << "a connection was recycled";
  EXPECT_THAT(connections(b()), IsSupersetOf(at_b)) << "a connection was recycled";
  EXPECT_EQ(clients.end(), "");
  EXPECT_THAT(proxy->log(), Not(HasSubstr("need a restart")));
}

// Whoever is in a transaction there comes to its end.
TEST_F(nodes, are_left_when_what_is_under_way_has_ended) {
  start({of(a()), of(b())}, [](highwater_config& config) { config.set("consistency", "{level: eventual}"); });
  auto session = proxy->connect();
  await("a transaction reads from b", [&] {
    session.must("begin read only; select count(*) from t");
    if (route_of(session).node == "b") return true;
    session.must("commit");
    return false;
  });
  reload({of(a()), of(c())});
  await("b is gone, and c is there", [&] { return !shown().contains("b") && is_up("c"); });
  EXPECT_EQ(connections(b()).size(), 1U);
  EXPECT_TRUE(session.exec("select count(*) from t").ok());
  EXPECT_EQ(route_of(session).node, "b");
  session.must("commit");
  await_left(b());
  await("c serves reads", [&] {
    session.must("select count(*) from t");
    return route_of(session).node == "c";
  });
}

// A statement, too: it is not begun anew elsewhere, as where a node has died.
TEST_F(nodes, are_given_the_time_that_a_read_takes) {
  a().tell("create table if not exists locked (n int)");
  cluster->await_replay();
  start({of(a()), of(b())}, [](highwater_config& config) {
    config.set("consistency", "{level: eventual, on_stale: [wait: 20s, error]}").set("workers", "1");
  });
  auto session = proxy->connect(), other = proxy->connect();
  await("it reads from b", [&] {
    session.must("select count(*) from locked");
    return route_of(session).node == "b";
  });
  auto holder = a().connect();
  holder.must("begin; lock table locked");
  cluster->await_replay();  // of the lock
  pending reading(session, "select count(*) from locked");
  await("it waits for that",
        [&] { return observer(b()).scalar("select count(*) from pg_locks where not granted") == "1"; });
  other.must("select count(*) from t");
  EXPECT_EQ(connections(b()).size(), 2U);
  reload({of(a()), of(c())});
  await("what is idle is closed", [&] { return connections(b()).size() == 1; });
  await("c is there", [&] { return is_up("c"); });
  EXPECT_FALSE(reading.answered());
  holder.must("commit");
  EXPECT_EQ(reading.take().text(), "0");
  EXPECT_EQ(proxy->metric("highwater_retries_total"), 0);
  await_left(b());
}

TEST_F(nodes, leave_nobody_in_a_queue) {
  start({of(a()), of(b())}, [](highwater_config& config) {
    config.set("consistency", "{level: eventual}").set("pool", "{size: 1, queue_timeout: 20s}");
  });
  auto holder = proxy->connect(), session = proxy->connect();
  await("a transaction reads from b", [&] {
    holder.must("begin read only; select count(*) from t");
    if (route_of(holder).node == "b") return true;
    holder.must("commit");
    return false;
  });
  pending reading(session, "select 7 from t limit 1");
  await("it queues", [&] { return proxy->metric("highwater_pool_queue_length") == 1; });
  reload({of(a()), of(c())});
  await("it is served elsewhere", [&] { return reading.answered(); });
  const auto read = reading.take();
  EXPECT_TRUE(read.ok()) << read.message() << ": " << read.diagnostic(PG_DIAG_MESSAGE_DETAIL);
  EXPECT_NE(route_of(session).node, "b");
  EXPECT_EQ(connections(b()).size(), 1U) << "and nothing new is made there";
  holder.must("commit");
}

TEST_F(nodes, get_another_share_of_the_reads_and_nothing_else) {
  start({of(a()), of(b()), of(c())}, [](highwater_config& config) { config.set("consistency", "{level: eventual}"); });
  auto session = proxy->connect();
  const auto run = [&](int times) {
    for (int i = 0; i < times; ++i) session.must("select count(*) from t");
  };
  await("both serve reads", [&] {
    run(1);
    return is_up("b") && is_up("c") && reads("b") > 2 && reads("c") > 2;
  });
  const auto at_b = connections(b()), at_c = connections(c());
  const auto incarnation = shown().at("b").at("incarnation");
  reload({of(a()), of(b(), ", weight: 3, zone: x"), of(c())});
  await("it is heavier", [&] { return shown().at("b").at("weight") == "3"; });
  await("reads go by that", [&] {
    const counted at_heavy(*proxy, "highwater_reads_total", {{"node", "b"}}),
        at_light(*proxy, "highwater_reads_total", {{"node", "c"}});
    run(120);
    return at_heavy.more() == 90 && at_light.more() == 30;
  });
  EXPECT_EQ(shown().at("b").at("zone"), "x");
  EXPECT_EQ(shown().at("b").at("incarnation"), incarnation) << "the monitor has stayed connected";
  EXPECT_EQ(connections(b()), at_b);
  EXPECT_EQ(connections(c()), at_c);
}

TEST_F(nodes, move_to_another_port_under_load) {
  start({of(a()), of(b())});
  load clients(*proxy);
  await_reads("b");
  const auto at_a = connections(a());
  reload({of(a()), {"b", c().port()}});
  await_left(b());
  await_reads("b");
  EXPECT_FALSE(connections(c()).empty());
  EXPECT_EQ(shown().at("b").at("port"), std::to_string(c().port()));
  EXPECT_THAT(connections(a()), IsSupersetOf(at_a));
  EXPECT_EQ(clients.end(), "");
}

// The same server under another name: who is bound to it stays, and no write is lost or refused.
TEST_F(nodes, are_one_and_the_same_primary_at_another_address) {
  start({of(a()), of(b())});
  load clients(*proxy);
  auto session = proxy->connect(), pinned = proxy->connect();
  session.must("begin; insert into t values (1)");
  pinned.must("create temp table mine (n int); insert into mine values (7)");
  pg::connection replicates(proxy->conninfo() + " replication=database");
  replicates.must("IDENTIFY_SYSTEM");
  const auto before = connections(a());
  reload({{"a", a().port(), "", "localhost"}, of(b())});
  await("the primary is found there", [&] {
    const auto all = shown();
    return all.at("a").at("host") == "localhost" && all.at("a").at("role") == "primary";
  });
  auto other = proxy->connect();
  other.must("insert into t values (2)");
  session.must("insert into t values (3)");
  session.must("commit");
  EXPECT_EQ(session.scalar("select count(*) from t where n in (1, 2, 3)"), "3");
  EXPECT_EQ(pinned.scalar("select n from mine"), "7");
  await("the workers have let go of the others", [&] {
    const auto now = connections(a());
    return std::ranges::count_if(before, [&](const auto& one) { return std::ranges::count(now, one) != 0; }) == 1;
  });
  replicates.must("IDENTIFY_SYSTEM");
  EXPECT_EQ(clients.end(), "");
  EXPECT_EQ(proxy->metric("highwater_node_role", {{"node", "a"}, {"role", "primary"}}), 1);
}

TEST_F(nodes, do_without_a_primary_that_is_taken_out) {
  start({of(a()), of(b())}, [](highwater_config& config) { config.set("pool", "{queue_timeout: 300ms}"); });
  auto session = proxy->connect();
  session.must("insert into t values (10)");
  reload({of(b())});
  await_left(a());
  EXPECT_THAT(proxy->log(),
              HasSubstr("node a (127.0.0.1:" + std::to_string(a().port()) + ") is no longer the primary"));
  EXPECT_EQ(session.exec("insert into t values (11)").sqlstate(), "57P03");
  EXPECT_EQ(session.scalar("/* highwater: level=eventual */ select 1"), "1");
  reload({of(a()), of(b())});
  await("it is written to again", [&] { return session.exec("insert into t values (12)").ok(); });
  EXPECT_EQ(session.scalar("select count(*) from t where n in (10, 12)"), "2");
}

TEST_F(nodes, are_known_to_operators_by_their_names) {
  start({of(a()), of(b())});
  auto console = proxy->connect("highwater");
  await("b is there", [&] { return is_up("b"); });
  console.must("DRAIN b");
  reload({of(a()), {"b", c().port()}});
  await("it is elsewhere", [&] { return is_up("b") && shown().at("b").at("port") == std::to_string(c().port()); });
  EXPECT_EQ(shown().at("b").at("drained"), "t");
  auto session = proxy->connect();
  for (int i = 0; i < 20; ++i) session.must("select count(*) from t");
  EXPECT_EQ(reads("b"), 0);
  console.must("UNDRAIN b");
  console.must("DRAIN b");
  reload({of(a())});
  await("it is gone", [&] { return !shown().contains("b"); });
  EXPECT_FALSE(console.exec("DRAIN b").ok());
  reload({of(a()), {"b", c().port()}});
  await("it is there again, as any other", [&] {
    session.must("select count(*) from t");
    return shown().contains("b") && shown().at("b").at("drained") == "f" && reads("b") > 0;
  });
}

TEST_F(nodes, have_only_so_many_places) {
  constexpr int spare = 64;
  start({of(a()), of(b())});
  auto session = proxy->connect();
  const auto stray = [](int i) { return entry{"stray" + std::to_string(i), static_cast<std::uint16_t>(i + 1)}; };
  std::vector<entry> too_many{of(a()), of(c())};
  for (int i = 0; i < spare; ++i) too_many.push_back(stray(i));
  reload(too_many);
  EXPECT_THAT(proxy->log(), HasSubstr("these need a restart to be applied: cluster.nodes"));
  EXPECT_TRUE(shown().contains("b"));
  EXPECT_FALSE(shown().contains("c"));
  for (int i = 0; i < spare; ++i) {
    reload({of(a()), of(b()), stray(i)});
    session.must("insert into t values (" + std::to_string(100 + i) + ")");
  }
  const auto said = [&] {
    const auto log = proxy->log();
    return log.find("need a restart", log.find("need a restart") + 1) != std::string::npos;
  };
  EXPECT_FALSE(said());
  reload({of(a()), of(b()), of(c())});
  EXPECT_TRUE(said());
  reload({of(a()), of(b()), stray(7)});
  await("who had a place gets it", [&] { return shown().contains("stray7"); });
  await("reads go on", [&] {
    session.must("select count(*) from t");
    return route_of(session).node == "b";
  });
}

TEST_F(nodes, stay_as_they_are_where_something_is_wrong) {
  start({of(a()), of(b())});
  await("b is there", [&] { return is_up("b"); });
  reload({of(a()), of(c()), {"c", 1}});
  reload({of(a()), of(c(), ", tls: {mode: verify-full, ca: /no/where.crt}")});
  EXPECT_THAT(proxy->log(), HasSubstr("/no/where.crt"));
  EXPECT_TRUE(shown().contains("b"));
  EXPECT_FALSE(shown().contains("c"));
  EXPECT_TRUE(is_up("b"));
  EXPECT_THAT(proxy->log(), Not(HasSubstr("is in the configuration now")));
}

}  // namespace
}  // namespace highwater::testing_support
