#include "config/allowed.hpp"

#include <gtest/gtest.h>

#include "config/load.hpp"

namespace highwater::config {
namespace {

using namespace std::chrono_literals;

struct config load(const std::string& limits) {
  auto result = load_text("cluster: {nodes: [{host: a}]}\npool: {size: 20}\ntimeouts: {query: 60s}\nlimits: " + limits);
  for (const mistake& each : result.mistakes) ADD_FAILURE() << to_string(each, limits);
  return result.config;
}

TEST(allowed, by_name_before_star_and_the_user_before_the_database) {
  struct row {
    const char* limits;
    unsigned size;
    std::chrono::milliseconds query;
    const char* why;
  };
  const row rows[] = {
      {"{}", 20, 60s, "as for all"},
      {"{per_user: {app: {pool: {size: 3}}}}", 3, 60s, "the user's; what it says nothing about is as for all"},
      {"{per_user: {other: {pool: {size: 3}}}}", 20, 60s, "somebody else's"},
      {"{per_user: {\"*\": {pool: {size: 3}}}}", 3, 60s, "whoever is not named"},
      {"{per_user: {\"*\": {pool: {size: 3}}, app: {timeouts: {query: 1s}}}}", 3, 1s, "each option by itself"},
      {"{per_database: {shop: {pool: {size: 4}}}}", 4, 60s, "the database's"},
      {"{per_database: {shop: {pool: {size: 4}}}, per_user: {app: {pool: {size: 3}}}}", 3, 60s, "the user's first"},
      {"{per_database: {shop: {pool: {size: 4}}}, per_user: {\"*\": {pool: {size: 3}}}}", 4, 60s, "a name beats *"},
      {"{per_database: {\"*\": {pool: {size: 4}}}, per_user: {\"*\": {pool: {size: 3}}}}", 3, 60s, "two of them"},
      {"{per_user: {app: {timeouts: {query: 0}}}}", 20, 0s, "no limit, which is not the same as nothing said"},
  };
  for (const auto& each : rows) {
    const auto found = allowed_to(load(each.limits), "app", "shop");
    EXPECT_EQ(found.pool.size, each.size) << each.why;
    EXPECT_EQ(found.timeouts.query, each.query) << each.why;
  }
}

TEST(allowed, every_option_that_may_be_ones_own) {
  const auto found = allowed_to(
      load("{per_user: {app: {pool: {size: 1, reserve: 2, min_idle: 1, reserve_after: 4ms, queue_timeout: 5ms, "
           "connect_timeout: 6ms, idle_timeout: 7ms, max_lifetime: 8ms}, timeouts: {query: 9ms, transaction: 10ms, "
           "idle_in_transaction: 11ms, client_idle: 12ms}}}}"),
      "app", "shop");
  const auto& pool = found.pool;
  EXPECT_EQ(std::tuple(pool.size, pool.reserve, pool.min_idle), std::tuple(1U, 2U, 1U));
  EXPECT_EQ(std::tuple(pool.reserve_after, pool.queue_timeout, pool.connect_timeout, pool.idle_timeout),
            std::tuple(4ms, 5ms, 6ms, 7ms));
  EXPECT_EQ(pool.max_lifetime, 8ms);
  const auto& times = found.timeouts;
  EXPECT_EQ(std::tuple(times.query, times.transaction, times.idle_in_transaction, times.client_idle),
            std::tuple(9ms, 10ms, 11ms, 12ms));
}

TEST(allowed, in_all_counts_for_the_user_and_the_database_each) {
  const auto limits =
      load(
          "{server_connections: 90, per_user: {app: {clients: 5, server_connections: 40}, \"*\": {clients: 7}}, "
          "per_database: {shop: {clients: 6}}}")
          .limits;
  EXPECT_EQ(clients_of_user(limits, "app"), 5U);
  EXPECT_EQ(clients_of_user(limits, "somebody"), 7U);
  EXPECT_EQ(clients_of_database(limits, "shop"), 6U);
  EXPECT_EQ(clients_of_database(limits, "other"), std::nullopt);
  const auto servers = server_limits_of(limits, "app", "shop");
  EXPECT_EQ(servers.in_all, 90U);
  EXPECT_EQ(servers.of_user, 40U);
  EXPECT_EQ(servers.of_database, std::nullopt);
  EXPECT_FALSE(server_limits_of({}, "app", "shop").any());
}

TEST(names_on_servers, are_the_clients_own_unless_the_database_has_others) {
  const auto settings =
      load("{}\ndatabases: {shop: {database: shop_v2}, reports: {user: reader}, both: {database: a, user: b}}");
  struct row {
    const char *database, *user_there, *database_there;
  };
  const row rows[] = {
      {"other", "app", "other"}, {"shop", "app", "shop_v2"}, {"reports", "reader", "reports"}, {"both", "b", "a"}};
  for (const auto& each : rows) {
    const auto names = names_on_servers(settings, "app", each.database);
    EXPECT_EQ(names.user, each.user_there) << each.database;
    EXPECT_EQ(names.database, each.database_there) << each.database;
  }
}

}  // namespace
}  // namespace highwater::config
