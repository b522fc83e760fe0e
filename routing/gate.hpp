#pragma once

// Rule 9, the gate: may a session that has read from replicas use the primary now? A replica can show a commit that the
// primary does not show yet, so not before the primary is known to show all that the session was shown.
//
// The monitor proves it, in three ways, each of them for everybody at once (proxy/monitor/shown_proof.hpp):
//   node_view::shown_through         what this life of the node had shown by that moment
//   cluster_view::all_shown_through  what any node in any life had shown by that moment
//   cluster_view::shown_at           what lies in the WAL up to there
// A read at moment t is covered by the first if it was answered by that very life, by the second whoever answered it,
// and by the third if rule 5's bound of the read is not beyond it. What one node had shown is proved the soonest, so a
// session remembers the last node that it read from, and one moment for all others before it.
//
// What was proved once holds for good, so a session forgets what it was shown when it is proved. The primary's life
// does not matter to that: what a replica has shown it had received, a primary sends only what it has flushed, and so
// finds it again after a crash; and another node that takes over has it, or it is lost for everybody (rule 11). On the
// primary itself nothing has to be proved of what it has shown, in this life or as the replica that it was: what it had
// replayed then it has.

#include <optional>

#include "routing/floors.hpp"
#include "routing/plan.hpp"
#include "routing/requirement.hpp"

namespace highwater::routing {

// A proof that is lacking.
struct shown_claim {
  shown_by by = shown_by::one_node;
  node_index node = no_node;  // one_node
  instant since = never;      // what was shown by then
};

// None: the gate is open, or the level does not mind. Forgets in `floors` what is proved. `domain` is looked at for the
// levels that mind what others were told.
std::optional<shown_claim> closed_gate(config::level level, session_floors& floors, const domain_floors* domain,
                                       const cluster_view& view) noexcept;

}  // namespace highwater::routing
