#pragma once

// What is known of the cluster at one moment. Immutable once published; made by proxy/monitor out of samples.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/instant.hpp"
#include "routing/position.hpp"
#include "routing/position_history.hpp"
#include "routing/received_history.hpp"

namespace highwater::routing {

using node_index = std::uint32_t;  // its place: see config/node_places.hpp
inline constexpr node_index no_node = UINT32_MAX;

// An incarnation_id names one life of one node: (system identifier, timeline, start of the server) as proved over one
// unbroken monitoring connection. A server that crashes and recovers breaks that connection, even where its start time
// stays the same (a backend was killed), so whatever was known of the node ends with the number. Unique within the
// process; 0 is none.

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

struct node_view {
  node_role role = node_role::unknown;
  bool usable = false;   // answers in time, has proved its role and that it belongs to this cluster
  bool retired = false;  // the configuration has it no more
  incarnation_id incarnation = 0;
  instant incarnation_began = never;
  std::int64_t started = 0;       // rule 25: when its server started, in microseconds of the server's own clock; that
                                  // outlives what is known of a node that is retired
  position replayed;              // replica: rule 4's lower bound. Primary: its normalised insert position
  lsn received = 0;               // replica: end of the WAL it has received; 0 if it does not stream
  received_history received_by;   // ... and when it was asked
  instant sampled = never;        // when the query of the newest sample was sent
  instant current_as_of = never;  // rule 13: it has replayed everything the primary had at this moment
  instant shown_through = never;  // rule 9: what this life had shown by then, the primary is known to show
  std::uint64_t unshown = 0;      // a transaction that it has shown and the primary has not, as txid_current() counts
  duration answers_in{0};         // how long a sample takes, on average; the servers' own queues are in it
  duration catches_up_in{0};      // replica: from a sample of the primary until it is known to be as far
};

struct cluster_view {
  std::uint64_t version = 0;
  std::vector<node_view> nodes;   // by place
  node_index primary = no_node;   // proved; no_node if none is
  timeline_id timeline = 0;       // the newest one seen
  std::uint64_t system = 0;       // the cluster's system identifier; 0: not yet known
  bool settled = false;           // every node has been asked at least once
  position_history history;       // of the primary, on `timeline`, in one of its lives
  incarnation_id history_of = 0;  // that life: the last primary's, while there is none
  instant history_began = never;  // when its first sample was sent
  // Rule 9. What any node, in whichever life, had shown by then the primary is known to show; and so is everything that
  // lies in the WAL up to there.
  instant all_shown_through = never;
  lsn shown_at = 0;
  std::uint64_t unshown = 0;  // a transaction that may have been shown, while that is being proved

  bool has_primary() const noexcept { return primary != no_node; }
  // It is the primary, or was until the configuration gave the primary's server another address.
  bool leads(node_index node) const noexcept {
    const auto& one = nodes[node];
    return primary == node ||
           (has_primary() && one.retired && one.started != 0 && one.started == nodes[primary].started);
  }
  // Rule 12: it has been the primary, or is taken for it, and another one has been proved since.
  bool has_deposed(node_index node) const noexcept { return has_primary() && !leads(node) && !nodes[node].usable; }
};
using cluster_view_ptr = std::shared_ptr<const cluster_view>;

}  // namespace highwater::routing
