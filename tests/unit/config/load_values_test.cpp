#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::config {
namespace {

using namespace std::chrono_literals;
using kind = stale_step::kind;

// The options in question, with the least that every configuration needs.
struct config load(const std::string& options) {
  const load_result result = load_text(options + "\ncluster: {nodes: [{host: a}]}\n");
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, options);
  return result.config;
}

TEST(load_values, what_is_not_written_keeps_its_default) {
  const auto value = load("");
  EXPECT_EQ(value.listen.address, "127.0.0.1");
  EXPECT_EQ(value.listen.port, 6432);
  EXPECT_EQ(value.workers, 0U);
  EXPECT_EQ(value.auth.method, auth_method::trust);
  EXPECT_EQ(value.cluster.nodes.at(0).port, 5432);
  EXPECT_EQ(value.cluster.monitor.min_gap, 500us);
  EXPECT_EQ(value.consistency.default_level, level::session);
  EXPECT_EQ(value.consistency.on_stale, (stale_steps{{kind::wait_while_worth}, {kind::primary}}));
  EXPECT_TRUE(value.policies.empty());
  EXPECT_EQ(value.drain_timeout, 10s);
}

TEST(load_values, a_section_with_nothing_in_it_keeps_its_defaults) {
  const auto value = load("pool:\npolicies:\nauth: {users: }\n");
  EXPECT_EQ(value.pool.size, 20U);
  EXPECT_TRUE(value.policies.empty());
  EXPECT_TRUE(value.auth.users.empty());
}

TEST(load_values, scalars_of_every_type) {
  const auto value = load(R"(
listen: {address: "::1", port: 0}
workers: 4
auth: {method: scram-sha-256, users: [{name: app, password: 0123}]}
timeouts: {login: 2min}
pool: {mode: session, size: 7}
limits: {max_message_bytes: 64MB, max_batch_bytes: 1024B}
log: {level: warning}
drain_timeout: 0
)");
  EXPECT_EQ(value.listen.address, "::1");
  EXPECT_EQ(value.listen.port, 0);
  EXPECT_EQ(value.workers, 4U);
  EXPECT_EQ(value.auth.method, auth_method::scram_sha_256);
  EXPECT_EQ(value.timeouts.login, 2min);
  EXPECT_EQ(value.auth.users.at(0).password, "0123");
  EXPECT_EQ(value.pool.mode, pool_mode::session);
  EXPECT_EQ(value.pool.size, 7U);
  EXPECT_EQ(value.limits.max_message_bytes, 64ULL << 20);
  EXPECT_EQ(value.limits.max_batch_bytes, 1'024U);
  EXPECT_EQ(value.log.level, "warning");
  EXPECT_EQ(value.drain_timeout, 0ms);
}

TEST(load_values, how_users_are_looked_up) {
  EXPECT_FALSE(load("").auth.query.enabled());
  const auto plain = load("auth: {method: scram-sha-256, query: {user: asker}}").auth.query;
  EXPECT_TRUE(plain.enabled());
  EXPECT_EQ(plain.database, "");
  EXPECT_EQ(plain.sql, "SELECT usename, secret FROM highwater.user_lookup($1)");
  EXPECT_EQ(plain.cache, 10s);
  const auto all = load(R"(
auth:
  method: scram-sha-256
  query:
    user: asker
    password: p
    database: d
    cache: 100ms
    sql: >-
      SELECT name, secret
      FROM people WHERE name = $1
)")
                       .auth.query;
  EXPECT_EQ(all.user, "asker");
  EXPECT_EQ(all.password, "p");
  EXPECT_EQ(all.database, "d");
  EXPECT_EQ(all.sql, "SELECT name, secret FROM people WHERE name = $1");
  EXPECT_EQ(all.cache, 100ms);
}

TEST(load_values, auto_is_a_number_of_workers) {
  EXPECT_EQ(load("workers: auto").workers, 0U);
}

TEST(load_values, zero_needs_no_unit_even_when_quoted) {
  EXPECT_EQ(load("consistency: {max_staleness: 0}").consistency.max_staleness, 0ms);
  EXPECT_EQ(load("drain_timeout: \"0\"").drain_timeout, 0ms);
}

TEST(load_values, nodes_without_a_name_are_called_by_host_and_port) {
  const auto result = load_text("cluster: {nodes: [{host: a}, {host: '::1', port: 5433}, {host: b, name: second}]}");
  ASSERT_TRUE(result);
  EXPECT_EQ(result.config.cluster.nodes.at(0).name, "a:5432");
  EXPECT_EQ(result.config.cluster.nodes.at(1).name, "[::1]:5433");
  EXPECT_EQ(result.config.cluster.nodes.at(2).name, "second");
}

TEST(load_values, a_gap_as_long_as_the_interval_is_no_contradiction) {
  EXPECT_TRUE(load_text("cluster: {nodes: [{host: a}], monitor: {interval: 1ms, min_gap: 1ms}}"));
}

TEST(load_values, addresses_that_differ_may_share_a_port) {
  EXPECT_EQ(load("listen: {address: 127.0.0.2, port: 9632}").listen.port, 9632);
}

TEST(load_values, policies_with_and_without_what_they_match) {
  const auto value = load(R"(
policies:
  - name: money
    match: {tables: [public.accounts, "billing.*"], users: [app]}
    level: strong
    on_stale: error
  - {name: rest, level: bounded, max_staleness: 5s, max_lag_bytes: 16MB}
)");
  const policy& money = value.policies.at(0);
  EXPECT_EQ(money.tables, (std::vector<std::string>{"public.accounts", "billing.*"}));
  EXPECT_EQ(money.users, std::vector<std::string>{"app"});
  EXPECT_TRUE(money.databases.empty());
  EXPECT_EQ(money.level, level::strong);
  EXPECT_EQ(money.on_stale, (stale_steps{{kind::error, 0ms}}));
  const policy& rest = value.policies.at(1);
  EXPECT_EQ(rest.max_staleness, 5s);
  EXPECT_EQ(rest.max_lag_bytes, 16ULL << 20);
  EXPECT_EQ(rest.on_stale, std::nullopt);
}

TEST(load_values, on_stale_is_a_list_or_a_single_step) {
  const std::vector<std::pair<std::string, stale_steps>> table{
      {"stale", {{kind::stale, 0ms}}},
      {"[error]", {{kind::error, 0ms}}},
      {"[{wait: auto}, primary]", {{kind::wait_while_worth, 0ms}, {kind::primary, 0ms}}},
      {"[{wait: auto}, {wait: 1s}, error]", {{kind::wait_while_worth, 0ms}, {kind::wait, 1s}, {kind::error, 0ms}}},
      {"[{wait: 20ms}, primary]", {{kind::wait, 20ms}, {kind::primary, 0ms}}},
      {"[{wait: 1s}, {wait: 2s}, primary, stale]",
       {{kind::wait, 1s}, {kind::wait, 2s}, {kind::primary, 0ms}, {kind::stale, 0ms}}},
  };
  for (const auto& [yaml, steps] : table) {
    EXPECT_EQ(load("consistency: {on_stale: " + yaml + "}").consistency.on_stale, steps) << yaml;
  }
}

TEST(load_values, anchors_and_aliases_stand_for_what_they_name) {
  const auto value = load(R"(
consistency: {on_stale: &patient [{wait: 1s}, primary]}
policies: [{name: p, on_stale: *patient}]
)");
  EXPECT_EQ(value.policies.at(0).on_stale, value.consistency.on_stale);
}

TEST(load_values, a_secret_as_postgresql_keeps_it) {
  const std::string secret =
      "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:"
      "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
  const auto value = load("auth: {method: scram-sha-256, users: [{name: app, secret: '" + secret + "'}]}");
  EXPECT_EQ(value.auth.users.at(0).secret, secret);
}

}  // namespace
}  // namespace highwater::config
