#pragma once

// What a session, or all of them together, must not fall behind. Events are kept as moments and become positions only
// when a read needs one: a position sampled from the primary at or after the moment covers the event (rule 3), and
// bounds from above what any node had shown by then (rule 5), because no replica holds WAL that the primary had not
// inserted. So one sample serves any number of sessions, and a session that stays on one life of one replica needs
// none.

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <optional>

#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::routing {

// The position of something that happened: of `event` if it is not `never`, and at least `known`.
struct floor_mark {
  instant event = never;
  position known;
  incarnation_id of = 0;  // the life of the primary in which `known` was found out

  void raise(instant when) noexcept { event = std::max(event, when); }
  bool raised() const noexcept { return event != never || known.at != 0; }
};

struct session_floors {
  floor_mark written;         // the last write that was acknowledged, or whose outcome is unknown (rule 7)
  floor_mark read_elsewhere;  // the last read before the session came to `read_on`
  instant read_here = never;  // the last read on `read_on`: no floor while the session stays (rule 5)
  node_index read_on = no_node;
  // Rule 9: what `read_on` has shown the primary may not show yet, and what other replicas had shown by that moment.
  // Both go when it is known that the primary does.
  bool shown_here = false;
  incarnation_id read_incarnation = 0;
  instant shown_elsewhere = never;

  // The session goes to another node, and what it has read lies at or below `bound`.
  void leave(lsn bound, const cluster_view& view) noexcept;
  void has_read(node_index node, incarnation_id incarnation, instant when, bool as_replica) noexcept;
};

// The floor of a whole domain, for `causal`: what any session has been told of.
struct domain_floors {
  struct node_reads {
    instant last = never;
    incarnation_id incarnation = 0;  // the life in which it happened
  };
  instant written = never;
  instant ended = never;  // the last read from a life that has ended, or of which nothing is known
  boost::container::small_vector<node_reads, 8> reads;  // by node
};

// Turns the event into a position if a sample covers it. A mark on a timeline that has ended starts anew at the oldest
// position known of the new one, and so does one that lies beyond what the primary had left after a crash (rule 8);
// returns false then.
bool resolve(floor_mark& mark, const cluster_view& view) noexcept;

// Rule 5: what that life of the node had shown by `when` lies at or below this. The lower one of where the primary was
// afterwards, and of what the node had received.
std::optional<lsn> bound_of(const cluster_view& view, node_index node, incarnation_id life, instant when) noexcept;

}  // namespace highwater::routing
