#include "config/reload.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "config/load.hpp"

namespace highwater::config {
namespace {

using keys = std::vector<std::string>;

config loaded(const std::string& more = "") {
  auto result = load_text("cluster: {nodes: [{host: a}, {host: b}]}\n" + more);
  for (const auto& each : result.mistakes) ADD_FAILURE() << to_string(each, "f");
  return result.config;
}

TEST(reload, says_what_is_applied_and_what_needs_a_restart) {
  struct row {
    const char* why;
    std::function<void(config&)> change;
    keys changed, kept;
  };
  const row rows[] = {
      {"nothing", [](config&) {}, {}, {}},
      {"limits", [](config& of) { of.limits.max_clients = 7; }, {"limits"}, {}},
      {"a pool's size", [](config& of) { of.pool.size = 7; }, {"pool"}, {}},
      {"its mode", [](config& of) { of.pool.mode = pool_mode::session; }, {}, {"pool.mode"}},
      {"both", [](config& of) { of.pool.mode = pool_mode::session, of.pool.size = 7; }, {"pool"}, {"pool.mode"}},
      {"users",
       [](config& of) {
         of.auth.users.push_back({"ann", "", "pencil"});
       },
       {"auth"},
       {}},
      {"how they are looked up", [](config& of) { of.auth.query.user = "x"; }, {}, {"auth.query"}},
      {"... its secret alone", [](config& of) { of.auth.query.password = "x"; }, {}, {"auth.query"}},
      {"a node", [](config& of) { of.cluster.nodes.emplace_back().host = "c"; }, {"cluster"}, {}},
      {"one less", [](config& of) { of.cluster.nodes.pop_back(); }, {"cluster"}, {}},
      {"a node's weight", [](config& of) { of.cluster.nodes[1].weight = 7; }, {"cluster"}, {}},
      {"how nodes are spoken to", [](config& of) { of.cluster.tls.mode = tls_mode::require; }, {"cluster"}, {}},
      {"more nodes than there are places for",
       [](config& of) {
         for (const auto* host : {"c", "d", "e"}) of.cluster.nodes.emplace_back().host = host;
         of.cluster.tls.mode = tls_mode::require;
       },
       {},
       {"cluster.nodes"}},
      {"... and other things",
       [](config& of) {
         for (const auto* host : {"c", "d", "e"}) of.cluster.nodes.emplace_back().host = host;
         of.limits.max_clients = 7;
       },
       {"limits"},
       {"cluster.nodes"}},
      {"the monitor's secret alone", [](config& of) { of.cluster.monitor.password = "x"; }, {}, {"cluster.monitor"}},
      {"who says whose connection it is", [](config& of) { of.listen.proxy_protocol.emplace_back(); }, {"listen"}, {}},
      {"where it listens", [](config& of) { of.listen.port = 7, of.http.port = 8; }, {}, {"listen.port", "http"}},
      {"a certificate", [](config& of) { of.listen.tls.certificate = "x"; }, {"listen"}, {}},
      {"the level", [](config& of) { of.consistency.default_level = level::causal; }, {"consistency"}, {}},
      {"a policy", [](config& of) { of.policies.emplace_back(); }, {"policies"}, {}},
      {"the log", [](config& of) { of.log.level = "debug"; }, {"log"}, {}},
  };
  const auto running = loaded();
  for (const auto& each : rows) {
    auto wanted = running;
    each.change(wanted);
    node_places places(running.cluster, 2);
    const auto plan = plan_reload(running, wanted, places);
    EXPECT_EQ(plan.nodes.in_force.size(), plan.effective.cluster.nodes.size()) << each.why;
    places.make(plan.nodes);
    EXPECT_EQ(plan.changed, each.changed) << each.why;
    EXPECT_EQ(plan.kept, each.kept) << each.why;
    const auto again = plan_reload(plan.effective, wanted, places);
    EXPECT_FALSE(again.nodes.any()) << each.why;
    EXPECT_EQ(again.changed, keys{}) << each.why << ": what can be applied has been";
    EXPECT_EQ(again.kept, each.kept) << each.why << ": what cannot has not";
  }
}

TEST(reload, says_of_each_option_whether_it_needs_a_restart) {
  for (const char* key : {"listen.port", "cluster.monitor.user", "auth.query.sql", "pool.mode", "workers", "zone"})
    EXPECT_TRUE(needs_restart(key)) << key;
  for (const char* key : {"pool.size", "listen.tls.mode", "auth.users[0].password", "consistency.level", "log.level"})
    EXPECT_FALSE(needs_restart(key)) << key;
}

}  // namespace
}  // namespace highwater::config
