#pragma once

// Facts about the cluster, about where statements go, and about the sessions that cannot move.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/enum_names.hpp"

namespace highwater::console {

using microseconds = std::chrono::microseconds;
using wall_time = std::chrono::system_clock::time_point;

enum class node_role : std::uint8_t { unknown, primary, replica };
constexpr std::string_view to_string(node_role value) noexcept {
  switch (value) {
    using enum node_role;
    case unknown:
      return "unknown";
    case primary:
      return "primary";
    case replica:
      return "replica";
  }
  return {};
}

struct node_facts {
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  node_role role = node_role::unknown;
  std::string zone;
  std::uint64_t weight = 0;
  std::uint64_t timeline = 0;
  std::uint64_t incarnation = 0;
  std::string position;                    // what it has written (primary) or replayed: "0/3000060"; empty: not known
  std::optional<std::uint64_t> lag_bytes;  // behind the primary
  std::optional<microseconds> lag;         // how old the newest that it shows is
  std::optional<microseconds> catch_up;    // it is expected to take to replay what is missing
  bool usable = false;
  std::string unusable_reason;  // empty if it is usable
  bool drained = false;
  std::uint64_t connections = 0;
};

struct policy_facts {
  config::policy policy;
  std::optional<std::uint64_t> matched;  // statements since the start
};

struct route_facts {
  std::string node;
  std::optional<config::level> level;  // none: the reason comes before it, as for writes
  std::string reason;
  std::uint64_t count = 0;
};

struct pin_facts {
  std::uint64_t client = 0;  // its id in SHOW CLIENTS
  std::string user;
  std::string database;
  std::string application;
  std::string node;
  std::string reason;
  wall_time since{};
  std::string statement;  // that pinned it; empty: not known
};

}  // namespace highwater::console
