#include "routing/floors.hpp"

namespace highwater::routing {

void session_floors::has_read(node_index node, incarnation_id incarnation, instant when) noexcept {
  if (read_on != node || read_incarnation != incarnation) {
    if (read_on != no_node) read_elsewhere.raise(read_here);
    read_on = node;
    read_incarnation = incarnation;
  }
  read_here = when;
}

bool resolve(floor_mark& mark, const cluster_view& view) noexcept {
  if (view.system == 0 || view.history.empty()) return true;
  bool kept = true;
  if (mark.known.at != 0 && (mark.known.system != view.system || mark.known.timeline != view.timeline)) {
    mark.known = {view.system, view.timeline, view.history.samples().front().at};
    kept = false;
  }
  if (mark.event != never) {
    if (const auto at = view.history.covering(mark.event)) {
      mark.known = {view.system, view.timeline, std::max(mark.known.at, *at)};
      mark.event = never;
    }
  }
  return kept;
}

}  // namespace highwater::routing
