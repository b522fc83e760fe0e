#pragma once

// What one worker counts. Call sites say what happened; the names under which it is shown are in exposition.cpp.

#include <array>
#include <cstdint>
#include <vector>

#include "config/enum_names.hpp"
#include "metrics/counter.hpp"

namespace highwater::metrics {

enum class retry_cause : std::uint8_t { read_only, recovery_conflict, connection_lost, behind_ddl };
constexpr std::string_view to_string(retry_cause value) noexcept {
  switch (value) {
    using enum retry_cause;
    case read_only:
      return "read_only";
    case recovery_conflict:
      return "recovery_conflict";
    case connection_lost:
      return "connection_lost";
    case behind_ddl:
      return "behind_ddl";
  }
  return {};
}
inline constexpr std::size_t retry_cause_count = count_of<retry_cause>();

enum class connection_state : std::uint8_t { connecting, idle, leased };
constexpr std::string_view to_string(connection_state value) noexcept {
  switch (value) {
    using enum connection_state;
    case connecting:
      return "connecting";
    case idle:
      return "idle";
    case leased:
      return "leased";
  }
  return {};
}
inline constexpr std::size_t connection_state_count = count_of<connection_state>();

// How many of each there are; their names come in when the numbers are shown.
struct dimensions {
  std::size_t nodes = 0;
  std::size_t levels = 0;
  std::size_t reasons = 0;
  std::size_t pins = 0;
  std::size_t causes = 0;  // of errors
};

class worker_probe {
public:
  explicit worker_probe(const dimensions& many)
      : levels_(many.levels),
        reasons_(many.reasons),
        reads_(many.nodes * many.levels * many.reasons),
        writes_(many.nodes),
        connect_failures_(many.nodes),
        strangers_(many.nodes),
        connections_(many.nodes),
        pins_(many.pins),
        logins_failed_(many.causes) {}

  void read_routed(std::size_t node, std::size_t level, std::size_t reason) noexcept {
    reads_[(node * levels_ + level) * reasons_ + reason].add();
  }
  void write_routed(std::size_t node) noexcept { writes_[node].add(); }
  void pinned(std::size_t reason) noexcept { pins_[reason].add(); }
  void login_failed(std::size_t cause) noexcept { logins_failed_[cause].add(); }
  void server_connect_failed(std::size_t node) noexcept { connect_failures_[node].add(); }
  void server_was_stranger(std::size_t node) noexcept { strangers_[node].add(); }
  void retried(retry_cause cause) noexcept { retries_[static_cast<std::size_t>(cause)].add(); }
  void connection_moved(std::size_t node, connection_state state, int change) noexcept {
    connections_[node][static_cast<std::size_t>(state)].add(change);
  }

  std::int64_t reads(std::size_t node, std::size_t level, std::size_t reason) const noexcept {
    return reads_[(node * levels_ + level) * reasons_ + reason].value();
  }
  std::int64_t writes(std::size_t node) const noexcept { return writes_[node].value(); }
  std::int64_t connect_failures(std::size_t node) const noexcept { return connect_failures_[node].value(); }
  std::int64_t strangers(std::size_t node) const noexcept { return strangers_[node].value(); }
  std::int64_t pins(std::size_t reason) const noexcept { return pins_[reason].value(); }
  std::int64_t logins_failed(std::size_t cause) const noexcept { return logins_failed_[cause].value(); }
  std::int64_t retries(std::size_t cause) const noexcept { return retries_[cause].value(); }
  std::int64_t connections(std::size_t node, std::size_t state) const noexcept {
    return connections_[node][state].value();
  }

  counter clients;             // connected now
  counter relays;              // ... of those that ask for replication
  counter logins;              // succeeded
  counter protocol_errors;     // connections ended for what the client or a server sent
  counter freshness_waiting;   // reads that are waiting now
  counter freshness_timeouts;  // waits that ended without a fresh replica
  counter gate_waiting;        // statements that wait until the primary shows what their sessions have seen
  counter gate_timeouts;       // ... in vain
  counter stale_errors;        // on_stale: error
  counter floors_restarted;    // a session's floor lay on a timeline that has ended
  counter lease_queue;         // sessions that are waiting for a server connection now
  counter lease_timeouts;
  counter server_connects;
  counter pinned_sessions;  // that keep their server connection now
  counter classify_hits;
  counter classify_misses;
  counter cancels;
  duration_histogram freshness_wait;
  duration_histogram gate_wait;
  duration_histogram lease_wait;
  duration_histogram parse_time;

private:
  std::size_t levels_;
  std::size_t reasons_;
  std::vector<counter> reads_;
  std::vector<counter> writes_;
  std::vector<counter> connect_failures_;
  std::vector<counter> strangers_;
  std::vector<std::array<counter, connection_state_count>> connections_;
  std::vector<counter> pins_;
  std::vector<counter> logins_failed_;
  std::array<counter, retry_cause_count> retries_;
};

}  // namespace highwater::metrics
