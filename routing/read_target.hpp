#pragma once

// How far a replica must have replayed to serve one read: the table of levels in docs/consistency.md, as code.

#include <algorithm>
#include <optional>

#include "routing/cluster_view.hpp"
#include "routing/floors.hpp"
#include "routing/requirement.hpp"

namespace highwater::routing {

// What the decision is about.
struct read_request {
  requirement need;
  instant arrived;                        // when the statement had arrived as a whole
  session_floors* floors = nullptr;       // what can be resolved is resolved on the way
  const domain_floors* domain = nullptr;  // for the levels that mind what others were told
  node_index excluded = no_node;          // a replica that has refused this statement already (rule 15)
  bool conflicted = false;                // ... for what the other replicas will replay as well: the primary, if it may
};

struct read_target {
  bool resolved = true;     // else a position of the primary, sampled at or after `since`, is lacking
  bool replicas_do = true;  // ... or what the replicas have received, asked then
  lsn floor = 0;            // 0: nothing
  instant since = never;

  void need(const std::optional<lsn>& at, instant event, bool by_replica = false) noexcept {
    if (at) {
      floor = std::max(floor, *at);
    } else {
      resolved = false;
      replicas_do = replicas_do && by_replica;
      since = std::max(since, event);
    }
  }
};

// On this node: a session that stays where it read last needs no floor for that (rule 5).
read_target target_of(const read_request& request, const cluster_view& view, node_index node) noexcept;

// Has the session read last from the life that this node lives now?
bool stays_on(const session_floors& floors, const cluster_view& view, node_index node) noexcept;

}  // namespace highwater::routing
