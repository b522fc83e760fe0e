#include "routing/read_target.hpp"

namespace highwater::routing {

namespace {

using config::level;

void add_mark(read_target& to, const floor_mark& mark) noexcept {
  if (mark.event != never) to.need(std::nullopt, mark.event);
  if (mark.known.at != 0) to.need(mark.known.at, never);
}

void add_session(read_target& to, const read_request& request, const cluster_view& view, node_index node) noexcept {
  const auto& floors = *request.floors;
  if (sees_own_writes(request.need.level)) add_mark(to, floors.written);
  if (!never_goes_back(request.need.level)) return;
  add_mark(to, floors.read_elsewhere);
  if (floors.read_on != no_node && !stays_on(floors, view, node)) {
    to.need(view.history.covering(floors.read_here), floors.read_here);
  }
}

void add_domain(read_target& to, const domain_floors& domain, const cluster_view& view, node_index node) noexcept {
  instant told = domain.written;
  for (node_index other = 0; other < domain.reads.size(); ++other) {
    const auto& reads = domain.reads[other];
    // What this very life of this node has shown before, it still has.
    const bool same_life = other == node && reads.incarnation == view.nodes[node].incarnation;
    if (!same_life) told = std::max(told, reads.last);
  }
  if (told != never) to.need(view.history.covering(told), told);
}

}  // namespace

bool stays_on(const session_floors& floors, const cluster_view& view, node_index node) noexcept {
  return floors.read_on == node && floors.read_incarnation == view.nodes[node].incarnation;
}

read_target target_of(const read_request& request, const cluster_view& view, node_index node) noexcept {
  read_target to;
  if (request.need.level == level::strong) {
    to.need(view.history.covering(request.arrived), request.arrived);
    return to;
  }
  add_session(to, request, view, node);
  if (request.need.level == level::causal) add_domain(to, *request.domain, view, node);
  return to;
}

}  // namespace highwater::routing
