#pragma once

// Facts about connections, of clients and to servers, and about the pools that they are in.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/enum_names.hpp"

namespace highwater::console {

using microseconds = std::chrono::microseconds;
using wall_time = std::chrono::system_clock::time_point;

struct socket_address {
  std::string host;  // an IP address, or `unix`
  std::uint16_t port = 0;
};

enum class client_state : std::uint8_t {
  active,              // it has a server connection
  idle,                // none, and asks for none
  waiting,             // for a server connection, or for a node that is fresh enough
  active_cancel_req,   // a cancel request, on its way to the server
  waiting_cancel_req,  // ... that is not yet
};
constexpr std::string_view to_string(client_state value) noexcept {
  switch (value) {
    using enum client_state;
    case active:
      return "active";
    case idle:
      return "idle";
    case waiting:
      return "waiting";
    case active_cancel_req:
      return "active_cancel_req";
    case waiting_cancel_req:
      return "waiting_cancel_req";
  }
  return {};
}

enum class server_state : std::uint8_t {
  active,          // a client has it
  idle,            // nobody has it
  used,            // nobody has it, and it has to be asked for its state first
  tested,          // ... is being asked, or reset
  logging_in,      // PgBouncer's `new`
  active_cancel,   // carries a cancel request
  being_canceled,  // is given to nobody until its cancel requests are through
};
constexpr std::string_view to_string(server_state value) noexcept {
  switch (value) {
    using enum server_state;
    case active:
      return "active";
    case idle:
      return "idle";
    case used:
      return "used";
    case tested:
      return "tested";
    case logging_in:
      return "new";
    case active_cancel:
      return "active_cancel";
    case being_canceled:
      return "being_canceled";
  }
  return {};
}

// What clients and server connections have in common.
struct connection_facts {
  std::uint64_t id = 0;    // unique among its kind in this process, from 1
  std::uint64_t link = 0;  // of the other kind, to which it is bound; 0: none
  std::string user;
  std::string database;
  std::string application;
  std::string node;  // of the server connection; empty: none
  socket_address remote;
  socket_address local;
  wall_time connected_at{};
  wall_time requested_at{};  // the client's last message, or the last lease; the epoch: none yet
  bool close_needed = false;
  std::size_t prepared_statements = 0;
  std::string tls;  // "TLSv1.3/TLS_AES_256_GCM_SHA384"; empty: in the clear
};

struct client_facts : connection_facts {
  client_state state = client_state::idle;
  microseconds waited{0};  // until now, if it is waiting
  std::optional<config::level> level;
  std::string pinned;  // the reason; empty: it is not
};

struct server_facts : connection_facts {
  server_state state = server_state::idle;
  std::uint32_t remote_pid = 0;
};

// Of one user, database and node. SHOW POOLS adds up what differs in the node alone.
struct pool_facts {
  std::string database;
  std::string user;
  std::string node;
  std::uint64_t clients_active = 0;  // with a server connection, or idle
  std::uint64_t clients_waiting = 0;
  std::uint64_t clients_active_cancel = 0;
  std::uint64_t clients_waiting_cancel = 0;
  std::uint64_t servers_active = 0;
  std::uint64_t servers_active_cancel = 0;
  std::uint64_t servers_being_canceled = 0;
  std::uint64_t servers_idle = 0;
  std::uint64_t servers_used = 0;
  std::uint64_t servers_tested = 0;
  std::uint64_t servers_logging_in = 0;
  microseconds longest_wait{0};  // of those that are waiting now
  config::pool_mode mode = config::pool_mode::transaction;
  std::uint64_t size = 0;  // the most server connections there may be; 0: no limit
};

}  // namespace highwater::console
