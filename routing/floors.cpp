#include "routing/floors.hpp"

#include <utility>

namespace highwater::routing {

void session_floors::has_read(node_index node, incarnation_id incarnation, instant when, bool as_replica) noexcept {
  if (read_on != node || read_incarnation != incarnation) {
    if (read_on != no_node) read_elsewhere.raise(read_here);
    if (shown_here) shown_elsewhere = std::max(shown_elsewhere, read_here);
    read_on = node;
    read_incarnation = incarnation;
  }
  read_here = when;
  shown_here = as_replica;
}

void session_floors::leave(lsn bound, const cluster_view& view) noexcept {
  auto& known = read_elsewhere.known;
  const bool comparable =
      known.system == view.system && known.timeline == view.timeline && read_elsewhere.of == view.history_of;
  if (known.at != 0 && !comparable) return;
  known = {view.system, view.timeline, std::max(known.at, bound)};
  read_elsewhere.of = view.history_of;
  if (std::exchange(shown_here, false)) shown_elsewhere = std::max(shown_elsewhere, read_here);
  read_on = no_node;
}

namespace {

void start_anew(floor_mark& mark, const cluster_view& view) noexcept {
  mark.known = {view.system, view.timeline, view.history.samples().front().at};
  mark.of = view.history_of;
}

// Into another life of the primary on the same timeline. What was inserted and not flushed is gone after a crash, and
// nobody would ever reach it. A position that a replica gave may be younger than the first sample of this life, and
// only seem to be gone: so there has to be a second one.
bool carry_over(floor_mark& mark, const cluster_view& view) noexcept {
  if (view.history.newest().sent <= view.history_began) return true;
  mark.of = view.history_of;
  if (mark.known.at <= view.history.newest().at) return true;
  start_anew(mark, view);
  return false;
}

}  // namespace

bool resolve(floor_mark& mark, const cluster_view& view) noexcept {
  if (view.system == 0 || view.history.empty()) return true;
  bool kept = true;
  if (mark.known.at != 0 && (mark.known.system != view.system || mark.known.timeline != view.timeline)) {
    start_anew(mark, view);
    kept = false;
  } else if (mark.known.at != 0 && mark.of != view.history_of) {
    kept = carry_over(mark, view);
  }
  if (mark.event != never) {
    if (const auto at = view.history.covering(mark.event)) {
      if (mark.known.at <= *at) mark.of = view.history_of;
      mark.known = {view.system, view.timeline, std::max(mark.known.at, *at)};
      mark.event = never;
    }
  }
  return kept;
}

std::optional<lsn> bound_of(const cluster_view& view, node_index node, incarnation_id life, instant when) noexcept {
  const auto of_primary = view.history.covering(when);
  const auto of_node = view.nodes[node].received_by.covering(life, when);
  if (!of_primary || !of_node) return of_primary ? of_primary : of_node;
  return std::min(*of_primary, *of_node);
}

}  // namespace highwater::routing
