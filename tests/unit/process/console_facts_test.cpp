#include "proxy/process/console_facts.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using std::chrono::milliseconds;

console::client_facts client(std::uint64_t id, console::client_state state, const std::string& node = "") {
  console::client_facts one;
  one.id = id;
  one.user = "app";
  one.database = "shop";
  one.node = node;
  one.state = state;
  return one;
}
console::server_facts server(std::uint64_t id, console::server_state state, const std::string& node) {
  console::server_facts one;
  one.id = id;
  one.user = "app";
  one.database = "shop";
  one.node = node;
  one.state = state;
  return one;
}

// What two workers know.
census both() {
  const auto taken = [](std::vector<console::client_facts> clients, std::vector<console::server_facts> servers) {
    census part;
    for (const auto& one : clients) part.count(one);
    for (const auto& one : servers) part.count(one);
    part.clients = std::move(clients);
    part.servers = std::move(servers);
    part.usage["shop"].queries = 5;
    part.routes[{"b", config::level::strong, "fresh"}] = 3;
    part.logging_in = 1;
    return part;
  };
  auto waiting = client(3, console::client_state::waiting, "a");
  waiting.waited = milliseconds(7);
  auto all = taken({client(2, console::client_state::active, "a")}, {server(9, console::server_state::active, "a")});
  all.add(taken({waiting, client(1, console::client_state::idle)},
                {server(4, console::server_state::idle, "b"), server(5, console::server_state::tested, "a"),
                 server(6, console::server_state::logging_in, "a")}));
  return all;
}

struct known : testing::Test {
  known() {
    settings.cluster.nodes.resize(2);
    settings.cluster.nodes[0].name = "a";
    settings.cluster.nodes[0].host = "10.0.0.1";
    settings.cluster.nodes[1].name = "b";
    settings.cluster.nodes[1].host = "10.0.0.2";
    places = settings.cluster.nodes;
    settings.auth.users = {{"app", "", ""}, {"other", "", ""}};
    view.nodes.resize(2);
    view.primary = 0;
    view.nodes[0].role = routing::node_role::primary;
    view.nodes[0].usable = true;
    view.nodes[0].replayed.at = 300;
    view.nodes[1].role = routing::node_role::replica;
    view.nodes[1].replayed.at = 100;
    view.nodes[1].sampled = now - milliseconds(1);
    view.nodes[1].current_as_of = now - milliseconds(20);
  }
  console::facts facts() { return facts_of(both(), {settings, places, view, said, period, now}); }

  config::config settings;
  std::vector<config::node> places;
  routing::cluster_view view;
  operated said;
  stats_period period;
  routing::instant now = routing::instant(std::chrono::hours(1));
};

TEST_F(known, adds_up_what_the_workers_know) {
  const auto all = facts();
  ASSERT_EQ(all.pools.size(), 3U) << "of node a, of node b, and of no node";
  const auto& at_none = all.pools[0];
  EXPECT_EQ(at_none.clients_active, 1U);
  const auto& at_a = all.pools[1];
  EXPECT_EQ(at_a.clients_active, 1U);
  EXPECT_EQ(at_a.clients_waiting, 1U);
  EXPECT_EQ(at_a.longest_wait, milliseconds(7));
  EXPECT_EQ(at_a.servers_active, 1U);
  EXPECT_EQ(at_a.servers_tested, 1U);
  EXPECT_EQ(at_a.servers_logging_in, 1U);
  EXPECT_EQ(at_a.size, settings.pool.size);
  EXPECT_EQ(all.pools[2].servers_idle, 1U);
  EXPECT_EQ(all.clients.front().id, 1U) << "in the order of their ids";
  EXPECT_EQ(all.servers.front().id, 4U);
  EXPECT_EQ(all.lists.used_clients, 3U);
  EXPECT_EQ(all.lists.login_clients, 2U);
  EXPECT_EQ(all.lists.used_servers, 4U);
  EXPECT_EQ(all.lists.pools, 1U);
  EXPECT_EQ(all.stats.at(0).total.queries, 10U);
  EXPECT_EQ(all.routes.at(0).count, 6U);
}

TEST_F(known, tells_of_nodes_users_and_databases) {
  said = {.paused = {"asleep"}, .disabled = {"shop"}, .drained = {"b"}};
  const auto all = facts();
  EXPECT_EQ(all.nodes[0].position, "0/12C");
  EXPECT_EQ(all.nodes[0].connections, 3U);
  EXPECT_EQ(all.nodes[0].lag_bytes, std::nullopt);
  EXPECT_FALSE(all.nodes[0].drained);
  EXPECT_EQ(all.nodes[1].lag_bytes, 200U);
  EXPECT_EQ(all.nodes[1].lag, milliseconds(20));
  EXPECT_FALSE(all.nodes[1].usable);
  EXPECT_NE(all.nodes[1].unusable_reason, "");
  EXPECT_TRUE(all.nodes[1].drained);
  ASSERT_EQ(all.databases.size(), 2U);
  EXPECT_EQ(all.databases[0].name, "asleep");
  EXPECT_TRUE(all.databases[0].paused);
  EXPECT_TRUE(all.databases[1].disabled);
  EXPECT_FALSE(all.databases[1].paused);
  EXPECT_EQ(all.databases[1].current_connections, 4U);
  EXPECT_EQ(all.databases[1].host, "10.0.0.1");
  ASSERT_EQ(all.users.size(), 2U);
  EXPECT_EQ(all.users[0].current_client_connections, 3U);
  EXPECT_EQ(all.users[1].current_client_connections, 0U);
  said.all_paused = true;
  EXPECT_TRUE(facts().databases[1].paused);
}

TEST_F(known, has_the_nodes_that_are_there_as_the_configuration_has_them) {
  places.emplace_back(places[1]).host = "10.0.0.3";
  view.nodes.resize(3);
  view.nodes[1].retired = true;
  settings.cluster.nodes[1].weight = 7;
  auto all = facts();
  ASSERT_EQ(all.nodes.size(), 2U);
  EXPECT_EQ(all.nodes[1].name, "b");
  EXPECT_EQ(all.nodes[1].host, "10.0.0.3");
  EXPECT_EQ(all.nodes[1].weight, 7U);
  settings.cluster.nodes.pop_back();
  EXPECT_EQ(facts().nodes.size(), 1U) << "the configuration is a moment ahead";
}

}  // namespace
}  // namespace highwater::proxy
