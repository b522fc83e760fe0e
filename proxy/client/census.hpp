#pragma once

// What one worker knows of its clients and server connections, and what it has counted: its part of what the console
// shows.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/console/facts.hpp"
#include "routing/instant.hpp"

namespace highwater::proxy {

class worker_context;

// One and the same moment by both clocks, so that times can be told to people.
struct moment {
  routing::instant now;
  console::wall_time wall;
  bool in_full = true;  // else only what is counted: for addresses the system has to be asked

  console::wall_time of(routing::instant when) const {
    if (when == routing::never) return {};
    return wall + std::chrono::duration_cast<console::wall_time::duration>(when - now);
  }
};

struct census {
  struct pool_name {
    std::string database;
    std::string user;
    std::string node;  // empty: those who have no server connection, and wait for none
    auto operator<=>(const pool_name&) const = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
  };
  struct route {
    std::string node;
    std::optional<config::level> level;
    std::string reason;
    auto operator<=>(const route&) const = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
  };

  std::vector<console::client_facts> clients;
  std::vector<console::server_facts> servers;
  std::vector<console::pin_facts> pins;
  std::map<pool_name, console::pool_facts> pools;
  std::map<std::string, console::stat_counters> usage;  // by database
  std::map<route, std::uint64_t> routes;
  std::uint64_t logging_in = 0;  // clients

  void add(census part);
  // The numbers of clients and server connections that are in `pools`.
  void count(const console::client_facts& one);
  void count(const console::server_facts& one);
};

console::stat_counters& operator+=(console::stat_counters& sum, const console::stat_counters& more) noexcept;

// On the worker's thread.
census take_census(worker_context& worker, const moment& at);

}  // namespace highwater::proxy
