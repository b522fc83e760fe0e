// Names, types and order of what PgBouncer 1.23 shows, written down here a second time: scripts and exporters rely on
// them. What stands behind the bar is ours.

#include <gtest/gtest.h>

#include "proxy/console/shows.hpp"

namespace highwater::console {
namespace {

// A letter for the type in front of each: s text, i int4, q int8, n numeric, b boolean.
std::string told(std::span<const column> columns) {
  std::string text;
  for (const auto& each : columns) {
    text += (text.empty() ? "" : " ") + std::string(1, "siqnb"[static_cast<std::size_t>(each.type)]) + ":" +
            std::string(each.name);
  }
  return text;
}

const std::string connection =
    "s:type s:user s:database s:replication s:state s:addr i:port s:local_addr i:local_port s:connect_time "
    "s:request_time i:wait i:wait_us i:close_needed s:ptr s:link i:remote_pid s:tls s:application_name "
    "i:prepared_statements q:id";
const std::string pool =
    "s:database s:user i:cl_active i:cl_waiting i:cl_active_cancel_req i:cl_waiting_cancel_req i:sv_active "
    "i:sv_active_cancel i:sv_being_canceled i:sv_idle i:sv_used i:sv_tested i:sv_login i:maxwait i:maxwait_us "
    "s:pool_mode s:load_balance_hosts";
const std::string counters =
    "s:database n:server_assignment_count n:xact_count n:query_count n:bytes_received n:bytes_sent n:xact_time "
    "n:query_time n:wait_time n:client_parse_count n:server_parse_count n:bind_count";

TEST(columns, are_those_of_pgbouncer) {
  struct row {
    view what;
    std::string theirs, ours;
  };
  const row rows[] = {
      {view::pools, pool, ""},
      {view::node_pools, pool, " s:node i:pool_size"},
      {view::clients, connection, " s:node s:level s:pinned"},
      {view::servers, connection, " s:node"},
      {view::databases,
       "s:name s:host i:port s:database s:force_user i:pool_size i:min_pool_size i:reserve_pool_size "
       "i:server_lifetime s:pool_mode s:load_balance_hosts i:max_connections i:current_connections "
       "i:max_client_connections i:current_client_connections i:paused i:disabled",
       " i:reserve_pool"},
      {view::users,
       "s:name s:pool_size s:reserve_pool_size s:pool_mode i:max_user_connections i:current_connections "
       "i:max_user_client_connections i:current_client_connections",
       ""},
      {view::stats,
       "s:database n:total_server_assignment_count n:total_xact_count n:total_query_count n:total_received "
       "n:total_sent n:total_xact_time n:total_query_time n:total_wait_time n:total_client_parse_count "
       "n:total_server_parse_count n:total_bind_count n:avg_server_assignment_count n:avg_xact_count "
       "n:avg_query_count n:avg_recv n:avg_sent n:avg_xact_time n:avg_query_time n:avg_wait_time "
       "n:avg_client_parse_count n:avg_server_parse_count n:avg_bind_count",
       " n:total_requests"},
      {view::stats_totals, counters, ""},
      {view::stats_averages, counters, ""},
      {view::totals, "s:name n:value", ""},
      {view::lists, "s:list i:items", ""},
      {view::config, "s:key s:value s:default s:changeable", ""},
      {view::mem, "s:name q:size q:used q:free q:memtotal", ""},
      {view::version, "s:version", ""},
      {view::state, "s:key s:value", ""},
      {view::nodes, "",
       "s:name s:host i:port s:role s:zone i:weight q:timeline q:incarnation s:position q:lag_bytes q:lag_us "
       "q:catch_up_us b:usable s:unusable_reason b:drained i:connections"},
      {view::policies, "",
       "s:name s:tables s:databases s:users s:applications s:level q:max_staleness_ms q:max_lag_bytes s:on_stale "
       "q:matched"},
      {view::routes, "", "s:node s:level s:reason q:count"},
      {view::pins, "", "q:client s:user s:database s:application_name s:node s:reason s:since s:statement"},
      {view::help, "", "s:command s:needs s:what it does"},
  };
  ASSERT_EQ(std::size(rows), view_count);
  for (const auto& each : rows) EXPECT_EQ(told(columns_of(each.what)), each.theirs + each.ours);
}

// What prometheus-pgbouncer-exporter of Debian 12 asks for: it fails without one of these.
TEST(columns, are_enough_for_an_exporter) {
  struct row {
    view what;
    const char* column;
  };
  const row rows[] = {
      {view::stats, "database"},     {view::stats, "total_requests"},   {view::stats, "total_received"},
      {view::stats, "total_sent"},   {view::stats, "total_query_time"}, {view::pools, "database"},
      {view::pools, "user"},         {view::pools, "cl_active"},        {view::pools, "cl_waiting"},
      {view::databases, "database"}, {view::databases, "pool_size"},    {view::databases, "reserve_pool"},
  };
  for (const auto& each : rows) {
    const auto columns = columns_of(each.what);
    const auto found = std::ranges::find(columns, std::string_view(each.column), &column::name);
    EXPECT_NE(found, columns.end()) << each.column;
  }
}

TEST(columns, are_those_of_the_rows) {
  facts known;
  known.clients.resize(1);
  known.servers.resize(1);
  known.pools.resize(1);
  known.databases.resize(1);
  known.users.resize(1);
  known.stats.resize(1);
  known.nodes.resize(1);
  known.policies.resize(1);
  known.routes.resize(1);
  known.pins.resize(1);
  known.memory.resize(1);
  known.config.resize(1);
  for (std::size_t i = 0; i < view_count; ++i) {
    const auto what = static_cast<view>(i);
    const auto shown = show(what, known);
    EXPECT_EQ(shown.columns.data(), columns_of(what).data()) << to_string(what);
    ASSERT_FALSE(shown.rows.empty()) << to_string(what);
    for (const auto& each : shown.rows) EXPECT_EQ(each.size(), shown.columns.size()) << to_string(what);
  }
}

}  // namespace
}  // namespace highwater::console
