// Whose life a server connection belongs to: a node that crashed while nobody could tell is not believed to be where it
// was.

#include "tests/integration/routed_test.hpp"
#include "tests/support/faulty_server.hpp"

namespace highwater::testing_support {
namespace {

class proof : public testing::Test {
protected:
  void SetUp() override {
    if (testing_direct()) GTEST_SKIP() << "needs the proxy";
    // A replica that writes no pages is thrown far back by a crash.
    cluster = std::make_unique<postgres_cluster>(
        cluster_options{.replicas = 1, .settings = {"bgwriter_lru_maxpages = 0", "shared_buffers = '64MB'"}});
    primary().tell("create table register (v int not null); insert into register values (0)");
    cluster->await_replay();
    relay = std::make_unique<silent_relay>(replica().port(), "highwater monitor");
    const auto node_at = [](const node& one, std::uint16_t port) {
      return "{name: " + one.name() + ", host: 127.0.0.1, port: " + std::to_string(port) + "}";
    };
    highwater_config config(*cluster);
    config
        .set("cluster", "{nodes: [" + node_at(primary(), primary().port()) + ", " + node_at(replica(), relay->port()) +
                            "], monitor: {user: highwater, database: postgres, interval: 5ms, timeout: 60s}}")
        .set("consistency", "{level: session, on_stale: [{wait: 20s}, error]}")
        .set("pool", "{queue_timeout: 2s}");
    proxy = std::make_unique<highwater_process>(config);
    proxy->await_ready();
  }

  node& primary() { return cluster->primary(); }
  node& replica() { return cluster->replica(0); }

  std::unique_ptr<postgres_cluster> cluster;
  std::unique_ptr<silent_relay> relay;
  std::unique_ptr<highwater_process> proxy;
};

// The monitor's connection hangs, as when packets are lost: by all that is known the replica is where it was.
TEST_F(proof, connection_to_a_life_that_the_monitor_has_not_seen_serves_nothing) {
  const std::string get = "select v from register";
  auto session = proxy->connect();
  await("the replica serves it", [&] { return read(session, get).by.node == replica().name(); });
  primary().tell("checkpoint");
  cluster->await_replay();
  replica().tell("checkpoint");
  session.must("update register set v = 1");
  ASSERT_EQ(read(session, get).value, "1");
  ASSERT_EQ(route_of(session).node, replica().name());

  replica().set("recovery_min_apply_delay", "1h");
  replica().kill9();
  replica().start();
  ASSERT_EQ(replica().ask(get), "0") << "it is back in an older state";
  ASSERT_EQ(proxy->metric("highwater_node_up", {{"node", replica().name()}}), 1) << "and nobody knows";
  const auto refused = session.exec(get);
  EXPECT_EQ(refused.sqlstate(), "57P03") << refused.text();
}

// Rule 25: the monitor asks one server, and sessions are led to another.
TEST_F(proof, connection_to_another_server_than_the_monitors_serves_nothing) {
  node& stranger = cluster->add_replica();
  cluster->await_replay();
  balancer two_in_one(replica().port(), stranger.port(), "highwater monitor");
  highwater_config config(*cluster);
  const auto nodes = [&](const node& first, std::uint16_t port, const node& second, std::uint16_t other) {
    const auto at = [](const node& one, std::uint16_t where) {
      return "{name: " + one.name() + ", host: 127.0.0.1, port: " + std::to_string(where) + "}";
    };
    return "{nodes: [" + at(first, port) + ", " + at(second, other) +
           "], tls: {mode: disable}, monitor: {user: highwater, database: postgres}}";  // the balancer looks inside
  };
  config.set("cluster", nodes(primary(), primary().port(), replica(), two_in_one.port()))
      .set("consistency", "{level: strong, on_stale: [{wait: 5s}, primary]}");
  {
    const highwater_process other(config);
    other.await_ready();
    stranger.pause_replay();
    auto session = other.connect();
    session.must("update register set v = 5");
    cluster->await_replay(replica());
    await("the table is known", [&] { return read(session, "select v from register").by.because.empty(); });
    const auto seen = read(session, "select v from register");
    EXPECT_EQ(seen.value, "5") << seen.by.text;
    EXPECT_EQ(seen.by.node, primary().name()) << seen.by.text;
    EXPECT_GE(other.metric("highwater_server_strangers_total", {{"node", replica().name()}}), 1);
    EXPECT_NE(other.log().find("leads to another server"), std::string::npos);
  }
  stranger.resume_replay();

  // Nobody else could take a write.
  balancer before_the_primary(primary().port(), stranger.port(), "highwater monitor");
  config.set("cluster", nodes(primary(), before_the_primary.port(), replica(), replica().port()))
      .set("pool", "{queue_timeout: 1s}");
  const highwater_process other(config);
  other.await_ready();
  auto session = other.connect();
  const auto refused = session.exec("update register set v = 6");
  EXPECT_EQ(refused.sqlstate(), "08006") << refused.message();
  EXPECT_NE(refused.message().find("node " + primary().name()), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find("another server"), std::string::npos) << refused.message();
  EXPECT_EQ(session.exec("select 1").text(), "1") << "the session goes on";
}

}  // namespace
}  // namespace highwater::testing_support
