#pragma once

// The decision: where a statement runs, or what has to be waited for first, or why it cannot run. One pure function, one
// value; metrics, logs and SHOW highwater.last_route all print the same reason.

#include <cstdint>
#include <span>
#include <string>

#include "routing/cluster_view.hpp"
#include "routing/floors.hpp"
#include "routing/requirement.hpp"

namespace highwater::routing {

enum class route_reason : std::uint8_t {
  write,         // not proved to be a read
  transaction,   // inside a transaction, which stays where it began
  pinned,        // the session cannot leave its server connection
  pipelined,     // behind other statements of the session that are still being answered
  level_primary, // its level is `primary`
  fresh,         // a replica that has provably replayed the floor
  sticky,        // the replica that the session has read from before, and that needs no proof again
  fallback,      // no replica was fresh enough: on_stale says primary
  no_replica,    // no replica can be used at all: on_stale says primary
  stale,         // no replica was fresh enough: on_stale says stale
};
inline constexpr std::size_t route_reason_count = 10;
std::string_view to_string(route_reason reason) noexcept;

// What the decision is about.
struct read_request {
  requirement need;
  instant arrived;                         // when the statement had arrived as a whole
  session_floors* floors = nullptr;        // what can be resolved is resolved on the way
  const domain_floors* domain = nullptr;   // causal only
  node_index excluded = no_node;           // a replica that has refused this statement already (rule 15)
};

// What is known of the nodes by the one who asks.
struct node_load {
  std::uint32_t outstanding = 0;  // batches that are running there
  unsigned weight = 1;
  bool near = false;              // in the proxy's own zone: preferred among equally fresh nodes
  instant suspect = never;        // a connection to it broke then: not to be used before a sample sent later
};

struct plan {
  enum class action : std::uint8_t {
    serve,         // on `node`
    await_sample,  // until the primary's position at `since` is known, or `deadline`
    await_replay,  // until a replica has replayed `floor`, or `deadline`
    await_primary, // there is none: until one has proved itself; how long is the caller's business
    fail,          // on_stale says error
  };
  action what = action::fail;
  route_reason reason = route_reason::write;
  node_index node = no_node;
  incarnation_id incarnation = 0;  // of `node`, when it was chosen
  lsn floor = 0;                   // what the node had to have; 0: nothing
  lsn node_at = 0;                 // serve: what it was known to have; fail: what the best one had
  instant since = never;
  instant deadline = never;
  node_index best = no_node;       // fail, stale: the node that was nearest
  bool floor_restarted = false;    // a floor of the session lay on a timeline that has ended, and begins anew
};

plan decide_read(const read_request& request, const cluster_view& view, std::span<const node_load> loads, instant now,
                 std::uint32_t tie);
plan decide_write(const cluster_view& view);

// Whether a node may be used at all, given what the caller has seen of it.
bool usable(const node_view& node, const node_load& load) noexcept;

}  // namespace highwater::routing
