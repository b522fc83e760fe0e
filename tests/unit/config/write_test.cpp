#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::config {
namespace {

struct config load(const std::string& yaml) {
  const load_result result = load_text(yaml);
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, yaml);
  return result.config;
}

// Every option has another value than its default, and text that YAML could take for something else.
constexpr const char* everything = R"(
listen: {address: "::", port: 7000}
http: {address: 10.0.0.1, port: 7001}
workers: 3
auth: {method: trust, query: {user: "1e3", database: "no", sql: "SELECT '\\', $1 -- x", cache: 300ms}}
cluster:
  nodes:
    - {name: "null", host: "123", port: 1, zone: "a: b # c", weight: 5}
    - {name: 'quo"te\', host: "1e5", zone: "- x"}
    - {name: "true", host: "::1"}
  monitor: {user: "né", database: "0x1f", interval: 60ms, timeout: 2s, min_gap: 750us, catalog_interval: 90s}
pool:
  {mode: session, size: 2, queue_timeout: 3s, connect_timeout: 4s, idle_timeout: 5s, max_lifetime: 6s,
   max_prepared_statements: 9}
consistency: {level: bounded, max_staleness: 1500ms, max_lag_bytes: 3kB, on_stale: [{wait: 20ms}, primary, error]}
policies:
  - {name: p, match: {tables: ["*"], databases: [d], users: [u], applications: ["a b"]}, level: strong}
  - {name: q, level: bounded, max_lag_bytes: 1000B, on_stale: stale}
limits: {max_clients: 5, max_message_bytes: 1MB, max_batch_bytes: 1025B, server_connections: 90,
         per_user: {app: {clients: 5, pool: {size: 3}}, "no": {}, "*": {timeouts: {query: 3s}}}}
timeouts: {login: 7s, query: 1min, idle_in_transaction: 90s}
log: {level: trace}
drain_timeout: 0
)";

TEST(to_yaml, reads_back_as_the_same_values) {
  const auto first = load(everything);
  const std::string written = to_yaml(first);
  const auto second = load(written);
  EXPECT_EQ(to_yaml(second), written);
  ASSERT_EQ(second.cluster.nodes.size(), 3U);
  for (std::size_t index = 0; index < 3; ++index) {
    EXPECT_EQ(second.cluster.nodes[index].name, first.cluster.nodes[index].name);
    EXPECT_EQ(second.cluster.nodes[index].host, first.cluster.nodes[index].host);
    EXPECT_EQ(second.cluster.nodes[index].zone, first.cluster.nodes[index].zone);
  }
  EXPECT_EQ(second.auth.query.user, "1e3");
  EXPECT_EQ(second.auth.query.database, "no");
  EXPECT_EQ(second.auth.query.sql, first.auth.query.sql);
  EXPECT_EQ(second.auth.query.cache, first.auth.query.cache);
  EXPECT_EQ(second.cluster.monitor.user, "né");
  EXPECT_EQ(second.cluster.monitor.min_gap, std::chrono::microseconds(750));
  EXPECT_EQ(second.consistency.on_stale, first.consistency.on_stale);
  EXPECT_EQ(second.policies.at(0).on_stale, std::nullopt);
  EXPECT_EQ(second.policies.at(0).applications, first.policies.at(0).applications);
  EXPECT_EQ(second.policies.at(1).on_stale, first.policies.at(1).on_stale);
  EXPECT_EQ(second.limits.max_batch_bytes, 1'025U);
  ASSERT_EQ(second.limits.per_user.size(), 3U);
  EXPECT_EQ(second.limits.per_user[1].name, "no");
  EXPECT_EQ(second.limits.per_user[2].timeouts.query, std::chrono::seconds(3));
  EXPECT_EQ(second.drain_timeout.count(), 0);
}

TEST(to_yaml, shows_what_was_left_to_its_default) {
  const std::string written = to_yaml(load("cluster: {nodes: [{host: a}]}"));
  for (const char* line :
       {"workers: auto\n", "  size: 20\n", "    - name: \"a:5432\"\n", "  on_stale: [{wait: auto}, primary]\n",
        "    min_gap: 500us\n", "  max_staleness: 0\n", "policies: []\n", "drain_timeout: 10s\n"}) {
    EXPECT_NE(written.find(line), std::string::npos) << line << written;
  }
}

TEST(to_yaml, the_longest_host_makes_a_name_that_reads_back) {
  const auto value = load("cluster: {nodes: [{host: '::%" + std::string(252, 'x') + "', port: 65535}]}");
  EXPECT_EQ(load(to_yaml(value)).cluster.nodes.at(0).name, value.cluster.nodes.at(0).name);
}

TEST(to_yaml, masks_secrets_and_passwords) {
  const std::string written = to_yaml(load(R"(
auth: {method: scram-sha-256, users: [{name: app, password: hunter2}], query: {user: q, password: hunter4}}
cluster: {nodes: [{host: a}], monitor: {password: hunter3}}
)"));
  EXPECT_EQ(written.find("hunter"), std::string::npos) << written;
  EXPECT_NE(written.find("    - name: app\n      password: \"********\"\n"), std::string::npos) << written;
}

TEST(to_yaml, a_masked_secret_is_not_taken_for_a_secret) {
  const auto value = load("auth: {method: trust, users: [{name: app, password: p}]}\ncluster: {nodes: [{host: a}]}");
  const load_result again = load_text(to_yaml(value));
  ASSERT_EQ(again.mistakes.size(), 1U);
  EXPECT_EQ(again.mistakes[0].key, "auth.users[0].password");
}

}  // namespace
}  // namespace highwater::config
