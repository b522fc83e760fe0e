#pragma once

// Facts about databases and users: their limits, and what has been counted.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace highwater::console {

using microseconds = std::chrono::microseconds;

struct database_facts {
  std::string name;
  std::string host;  // the primary's, or all of them with commas
  std::uint16_t port = 0;
  std::string database;    // on the servers
  std::string force_user;  // empty: the client's own
  std::uint64_t pool_size = 0;
  std::uint64_t min_pool_size = 0;
  std::uint64_t reserve_pool_size = 0;
  std::chrono::seconds server_lifetime{0};
  std::optional<config::pool_mode> mode;  // none: as everywhere
  std::uint64_t max_connections = 0;      // 0: no limit
  std::uint64_t current_connections = 0;  // to servers
  std::uint64_t max_client_connections = 0;
  std::uint64_t current_client_connections = 0;
  bool paused = false;
  bool disabled = false;
};

struct user_facts {
  std::string name;
  std::optional<std::uint64_t> pool_size;
  std::optional<std::uint64_t> reserve_pool_size;
  std::optional<config::pool_mode> mode;
  std::uint64_t max_connections = 0;  // 0: no limit
  std::uint64_t current_connections = 0;
  std::uint64_t max_client_connections = 0;
  std::uint64_t current_client_connections = 0;
};

// As totals: since the start. As averages of the last period: counts and bytes per second, and times per transaction,
// query or wait.
struct stat_counters {
  std::uint64_t server_assignments = 0;
  std::uint64_t transactions = 0;
  std::uint64_t queries = 0;
  std::uint64_t received_bytes = 0;  // from clients
  std::uint64_t sent_bytes = 0;      // to clients
  microseconds transaction_time{0};
  microseconds query_time{0};
  microseconds wait_time{0};
  std::uint64_t client_parses = 0;
  std::uint64_t server_parses = 0;
  std::uint64_t binds = 0;
};

struct stats_facts {
  std::string database;
  stat_counters total;
  stat_counters average;
};

}  // namespace highwater::console
