#pragma once

// What the process knows at one moment. A SHOW reads the member that is called as it is, or as shows.hpp says; the
// others may be left empty. Plain values; what is not known stays as it is. Counters count since the start, connections
// are those of now.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/console/cluster_facts.hpp"
#include "proxy/console/connection_facts.hpp"
#include "proxy/console/database_facts.hpp"

namespace highwater::console {

struct memory_facts {
  std::string name;
  std::uint64_t item_bytes = 0;
  std::uint64_t used = 0;  // how many of them
  std::uint64_t free = 0;  // ... are kept for later
};

struct list_facts {
  std::uint64_t databases = 0;
  std::uint64_t users = 0;
  std::uint64_t pools = 0;
  std::uint64_t free_clients = 0;
  std::uint64_t used_clients = 0;
  std::uint64_t login_clients = 0;  // that have not logged in yet
  std::uint64_t free_servers = 0;
  std::uint64_t used_servers = 0;
  std::uint64_t nodes = 0;
  std::uint64_t pinned_clients = 0;
};

struct config_facts {
  std::string key;
  std::optional<std::string> value;  // none: not set
  std::optional<std::string> default_value;
  bool changeable = false;  // with SET or RELOAD
};

struct process_facts {
  std::string version;  // "0.1.0"
  bool paused = false;  // all of it
  bool draining = false;
};

struct facts {
  std::vector<client_facts> clients;
  std::vector<server_facts> servers;
  std::vector<pool_facts> pools;
  std::vector<database_facts> databases;
  std::vector<user_facts> users;
  std::vector<stats_facts> stats;
  std::vector<node_facts> nodes;
  std::vector<policy_facts> policies;
  std::vector<route_facts> routes;
  std::vector<pin_facts> pins;
  std::vector<memory_facts> memory;
  std::vector<config_facts> config;
  list_facts lists;
  process_facts process;
};

}  // namespace highwater::console
