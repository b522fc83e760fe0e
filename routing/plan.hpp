#pragma once

// What has been decided about a statement, and why. Metrics, logs and SHOW highwater.last_route print the same reason.

#include <cstdint>
#include <string_view>

#include "config/enum_names.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::routing {

enum class route_reason : std::uint8_t {
  write,          // not proved to be a read
  transaction,    // inside a transaction, which stays where it began
  pinned,         // the session cannot leave its server connection
  pipelined,      // behind other statements of the session that are still being answered
  level_primary,  // its level is `primary`
  fresh,          // a replica that has provably replayed the floor
  sticky,         // the replica that the session has read from before, and that needs no proof again
  fallback,       // no replica was fresh enough: on_stale says primary
  no_replica,     // no replica can be used at all: on_stale says primary
  stale,          // no replica was fresh enough: on_stale says stale
};
constexpr std::string_view to_string(route_reason value) noexcept {
  switch (value) {
    using enum route_reason;
    case write:
      return "write";
    case transaction:
      return "transaction";
    case pinned:
      return "pinned";
    case pipelined:
      return "pipelined";
    case level_primary:
      return "level_primary";
    case fresh:
      return "fresh";
    case sticky:
      return "sticky";
    case fallback:
      return "fallback";
    case no_replica:
      return "no_replica";
    case stale:
      return "stale";
  }
  return {};
}
inline constexpr std::size_t route_reason_count = count_of<route_reason>();

// Whose answers a session has seen before it turns to the primary.
enum class shown_by : std::uint8_t {
  one_node,  // in the life that it lives now
  replicas,  // several, in the lives that they live now
  anybody,   // a life that has ended among them, or more of them than a session remembers
};

struct plan {
  enum class action : std::uint8_t {
    serve,         // on `node`
    await_sample,  // until the primary's position at `since` is known, or `deadline`
    await_replay,  // until a replica has replayed `floor`, or `deadline`
    await_proof,   // until the primary is known to show what was shown by `since` (rule 9), or `deadline` if it has one
    await_node,    // none can serve it now: until one can; how long is the caller's business
    fail,          // on_stale says error
  };
  action what = action::fail;
  route_reason reason = route_reason::write;
  node_index node = no_node;
  incarnation_id incarnation = 0;  // of `node`, when it was chosen
  bool on_replica = false;         // `node` was chosen as one
  lsn floor = 0;                   // what the node had to have; 0: nothing
  lsn node_at = 0;                 // serve: what it was known to have; fail: what the best one had
  instant since = never;
  instant deadline = never;
  bool replicas_do = false;  // await_sample, await_replay: what the replicas have received since then would do as well
  shown_by proof_of = shown_by::one_node;  // await_proof: ... by whom; by `best`, if it is one node
  node_index best = no_node;               // fail, stale: the node that was nearest
  bool floor_restarted = false;            // a floor of the session lay on a timeline that has ended, and begins anew
};

}  // namespace highwater::routing
