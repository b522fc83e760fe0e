#include "proxy/console/shows.hpp"

#include <gtest/gtest.h>

namespace highwater::console {
namespace {

using namespace std::chrono_literals;

std::string told(const row& cells) {
  std::string text;
  for (const auto& each : cells) text += (&each == &cells.front() ? "" : "|") + each.value_or("NULL");
  return text;
}

std::vector<std::string> told(const table& shown) {
  std::vector<std::string> rows;
  for (const auto& each : shown.rows) rows.push_back(told(each));
  return rows;
}

using lines = std::vector<std::string>;

wall_time at(std::int64_t seconds) {
  return wall_time(std::chrono::seconds(seconds));
}

TEST(shows, nothing_of_nothing) {
  for (const auto what :
       {view::pools, view::node_pools, view::clients, view::servers, view::databases, view::users, view::stats,
        view::config, view::mem, view::nodes, view::policies, view::routes, view::pins}) {
    EXPECT_TRUE(show(what, {}).rows.empty()) << to_string(what);
  }
}

TEST(shows, clients) {
  facts known;
  client_facts one;
  one.id = 7;
  one.link = 3;
  one.user = "ann";
  one.database = "shop";
  one.application = "till";
  one.node = "b";
  one.remote = {"10.0.0.9", 51234};
  one.local = {"10.0.0.1", 6432};
  one.connected_at = at(1796047924);
  one.requested_at = at(1796047985) + 999ms;
  one.state = client_state::waiting;
  one.waited = 2'000'001us;
  one.prepared_statements = 4;
  one.tls = "TLSv1.3/TLS_AES_256_GCM_SHA384";
  one.level = config::level::session;
  one.pinned = "temporary_table";
  known.clients = {one, client_facts()};
  EXPECT_EQ(told(show(view::clients, known)),
            (lines{"C|ann|shop|none|waiting|10.0.0.9|51234|10.0.0.1|6432|2026-11-30 14:12:04 UTC|"
                   "2026-11-30 14:13:05 UTC|2|1|0|c7|s3|0|TLSv1.3/TLS_AES_256_GCM_SHA384|till|4|7|b|session|"
                   "temporary_table",
                   "C|||none|idle||0||0|NULL|NULL|0|0|0|||0|||0|0|NULL|NULL|NULL"}));
}

TEST(shows, servers_whose_ptr_is_their_clients_link) {
  facts known;
  server_facts one;
  one.id = 3;
  one.link = 7;
  one.user = "ann";
  one.database = "shop";
  one.node = "b";
  one.remote = {"unix", 5432};
  one.state = server_state::logging_in;
  one.close_needed = true;
  one.remote_pid = 4242;
  known.servers = {one};
  EXPECT_EQ(told(show(view::servers, known)),
            (lines{"S|ann|shop|none|new|unix|5432||0|NULL|NULL|0|0|1|s3|c7|4242|||0|3|b"}));
}

pool_facts pool_of(std::string user, std::string node, std::uint64_t each, microseconds waits) {
  pool_facts made;
  made.database = "shop";
  made.user = std::move(user);
  made.node = std::move(node);
  made.clients_active = each;
  made.clients_waiting = each + 1;
  made.clients_active_cancel = each + 2;
  made.clients_waiting_cancel = each + 3;
  made.servers_active = each + 4;
  made.servers_active_cancel = each + 5;
  made.servers_being_canceled = each + 6;
  made.servers_idle = each + 7;
  made.servers_used = each + 8;
  made.servers_tested = each + 9;
  made.servers_logging_in = each + 10;
  made.longest_wait = waits;
  made.size = 20;
  return made;
}

// Two rows of one database and user would be one metric twice, and an exporter would give up.
TEST(shows, pools_of_all_nodes_together) {
  facts known;
  known.pools = {pool_of("ann", "a", 10, 1'500'000us), pool_of("bob", "a", 0, 0us),
                 pool_of("ann", "b", 20, 3'000'002us), pool_of("ann", "c", 0, 2s)};
  known.pools.push_back(pool_of("ann", "a", 0, 0us));
  known.pools.back().database = "till";
  known.pools[1].mode = config::pool_mode::session;
  EXPECT_EQ(told(show(view::pools, known)), (lines{"shop|ann|30|33|36|39|42|45|48|51|54|57|60|3|2|transaction|NULL",
                                                   "shop|bob|0|1|2|3|4|5|6|7|8|9|10|0|0|session|NULL",
                                                   "till|ann|0|1|2|3|4|5|6|7|8|9|10|0|0|transaction|NULL"}));
  EXPECT_EQ(told(show(view::node_pools, known)),
            (lines{"shop|ann|10|11|12|13|14|15|16|17|18|19|20|1|500000|transaction|NULL|a|20",
                   "shop|bob|0|1|2|3|4|5|6|7|8|9|10|0|0|session|NULL|a|20",
                   "shop|ann|20|21|22|23|24|25|26|27|28|29|30|3|2|transaction|NULL|b|20",
                   "shop|ann|0|1|2|3|4|5|6|7|8|9|10|2|0|transaction|NULL|c|20",
                   "till|ann|0|1|2|3|4|5|6|7|8|9|10|0|0|transaction|NULL|a|20"}));
}

TEST(shows, databases_and_users) {
  facts known;
  database_facts shop;
  shop.name = shop.database = "shop";
  shop.host = "10.0.0.2";
  shop.port = 5432;
  shop.pool_size = 20;
  shop.min_pool_size = 1;
  shop.reserve_pool_size = 5;
  shop.server_lifetime = 1h;
  shop.max_connections = 60;
  shop.current_connections = 12;
  shop.max_client_connections = 1000;
  shop.current_client_connections = 700;
  shop.paused = true;
  known.databases = {shop, database_facts()};
  known.databases[1].mode = config::pool_mode::session;
  known.databases[1].disabled = true;
  EXPECT_EQ(told(show(view::databases, known)),
            (lines{"shop|10.0.0.2|5432|shop|NULL|20|1|5|3600|NULL|NULL|60|12|1000|700|1|0|5",
                   "|NULL|0||NULL|0|0|0|0|session|NULL|0|0|0|0|0|1|0"}));

  user_facts ann;
  ann.name = "ann";
  ann.pool_size = 3;
  ann.mode = config::pool_mode::transaction;
  ann.current_connections = 2;
  ann.max_client_connections = 9;
  known.users = {ann, user_facts()};
  EXPECT_EQ(told(show(view::users, known)), (lines{"ann|3|NULL|transaction|0|2|9|0", "|NULL|NULL|NULL|0|0|0|0"}));
}

stat_counters counters_from(std::uint64_t first) {
  stat_counters made;
  made.server_assignments = first;
  made.transactions = first + 1;
  made.queries = first + 2;
  made.received_bytes = first + 3;
  made.sent_bytes = first + 4;
  made.transaction_time = microseconds(first + 5);
  made.query_time = microseconds(first + 6);
  made.wait_time = microseconds(first + 7);
  made.client_parses = first + 8;
  made.server_parses = first + 9;
  made.binds = first + 10;
  return made;
}

TEST(shows, stats) {
  facts known;
  known.stats = {{"shop", counters_from(100), counters_from(10)}};
  const std::string total = "100|101|102|103|104|105|106|107|108|109|110", average = "10|11|12|13|14|15|16|17|18|19|20";
  EXPECT_EQ(told(show(view::stats, known)), (lines{"shop|" + total + "|" + average + "|102"}));
  EXPECT_EQ(told(show(view::stats_totals, known)), (lines{"shop|" + total}));
  EXPECT_EQ(told(show(view::stats_averages, known)), (lines{"shop|" + average}));
}

TEST(shows, totals_whose_average_times_weigh_what_they_are_of) {
  facts known;
  known.stats = {{"shop", counters_from(100), counters_from(10)}, {"till", counters_from(200), counters_from(30)}};
  known.stats.push_back({"idle", {}, {}});
  EXPECT_EQ(told(show(view::totals, known)), (lines{"total_server_assignment_count|300",
                                                    "total_xact_count|302",
                                                    "total_query_count|304",
                                                    "total_client_bytes|306",
                                                    "total_server_bytes|308",
                                                    "total_xact_time|310",
                                                    "total_query_time|312",
                                                    "total_wait_time|314",
                                                    "total_client_parse_count|316",
                                                    "total_server_parse_count|318",
                                                    "total_bind_count|320",
                                                    "avg_server_assignment_count|40",
                                                    "avg_xact_count|42",
                                                    "avg_query_count|44",
                                                    "avg_client_bytes|46",
                                                    "avg_server_bytes|48",
                                                    "avg_xact_time|29",
                                                    "avg_query_time|30",
                                                    "avg_wait_time|32",
                                                    "avg_client_parse_count|56",
                                                    "avg_server_parse_count|58",
                                                    "avg_bind_count|60"}));
}

TEST(shows, lists_with_everything_that_exporters_look_up) {
  facts known;
  known.lists = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(told(show(view::lists, known)),
            (lines{"databases|1", "users|2", "pools|3", "free_clients|4", "used_clients|5", "login_clients|6",
                   "free_servers|7", "used_servers|8", "dns_names|0", "dns_zones|0", "dns_queries|0", "dns_pending|0",
                   "nodes|9", "pinned_clients|10"}));
}

TEST(shows, the_process) {
  facts known;
  known.config = {{"pool.size", "30", "20", true}, {"zone", std::nullopt, std::nullopt, false}};
  EXPECT_EQ(told(show(view::config, known)), (lines{"pool.size|30|20|yes", "zone|NULL|NULL|no"}));
  known.memory = {{"buffers", 8192, 3, 5}};
  EXPECT_EQ(told(show(view::mem, known)), (lines{"buffers|8192|3|5|65536"}));
  known.process.version = "0.1.0";
  EXPECT_EQ(told(show(view::version, known)), (lines{"Highwater 0.1.0"}));
  EXPECT_EQ(told(show(view::state, known)), (lines{"active|yes", "paused|no", "suspended|no", "draining|no"}));
  known.process.paused = known.process.draining = true;
  EXPECT_EQ(told(show(view::state, known)), (lines{"active|no", "paused|yes", "suspended|no", "draining|yes"}));
}

TEST(shows, nodes) {
  facts known;
  node_facts one;
  one.name = "b";
  one.host = "10.0.0.3";
  one.port = 5432;
  one.role = node_role::replica;
  one.zone = "eu-1";
  one.weight = 2;
  one.timeline = 4;
  one.incarnation = 9;
  one.position = "0/3000060";
  one.lag_bytes = 96;
  one.lag = 1500us;
  one.catch_up = 40us;
  one.unusable_reason = "drained";
  one.drained = true;
  one.connections = 12;
  known.nodes = {one, node_facts()};
  known.nodes[1].usable = true;
  EXPECT_EQ(told(show(view::nodes, known)),
            (lines{"b|10.0.0.3|5432|replica|eu-1|2|4|9|0/3000060|96|1500|40|f|drained|t|12",
                   "||0|unknown|NULL|0|0|0|NULL|NULL|NULL|NULL|t|NULL|f|0"}));
}

TEST(shows, policies) {
  facts known;
  config::policy one;
  one.name = "reports";
  one.tables = {"public.orders", "stock*"};
  one.users = {"report"};
  one.level = config::level::bounded;
  one.max_staleness = 2s;
  one.max_lag_bytes = 4096;
  using kind = config::stale_step::kind;
  one.on_stale = config::stale_steps{{kind::wait, 20ms}, {kind::wait_while_worth}, {kind::primary}, {kind::stale}};
  known.policies = {{one, 17}, {config::policy(), std::nullopt}};
  known.policies[1].policy.on_stale = config::stale_steps{{kind::error}};
  EXPECT_EQ(told(show(view::policies, known)),
            (lines{"reports|public.orders, stock*|NULL|report|NULL|bounded|2000|4096|wait 20ms, wait auto, primary, "
                   "stale|17",
                   "|NULL|NULL|NULL|NULL|session|NULL|NULL|error|NULL"}));
}

TEST(shows, routes_and_pins) {
  facts known;
  known.routes = {{"b", config::level::causal, "fresh", 5}, {"a", std::nullopt, "write", 18446744073709551615U}};
  EXPECT_EQ(told(show(view::routes, known)), (lines{"b|causal|fresh|5", "a|NULL|write|18446744073709551615"}));
  known.pins = {{7, "ann", "shop", "till", "a", "listen", at(1796047924), "LISTEN orders"}, {}};
  EXPECT_EQ(told(show(view::pins, known)),
            (lines{"7|ann|shop|till|a|listen|2026-11-30 14:12:04 UTC|LISTEN orders", "0||||NULL||NULL|NULL"}));
}

TEST(shows, help_for_every_command) {
  const auto shown = told(show(view::help, {}));
  for (const std::string line :
       {"SHOW POOLS|stats|", "SHOW HELP|stats|", "PAUSE [database]|admin|", "KILL_CLIENT id|admin|",
        "SET option = value|admin|", "SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]|admin|"}) {
    EXPECT_EQ(std::ranges::count_if(shown, [&](const auto& each) { return each.starts_with(line); }), 1) << line;
  }
  EXPECT_FALSE(std::ranges::any_of(shown, [](const auto& each) { return each.starts_with("BEGIN"); }));
}

TEST(shows, no_time_that_is_less_than_nothing) {
  facts known;
  known.clients.resize(1);
  known.clients[0].waited = -5us;
  EXPECT_EQ(show(view::clients, known).rows[0][11], "0");
  EXPECT_EQ(show(view::clients, known).rows[0][12], "0");
}

}  // namespace
}  // namespace highwater::console
