#include "routing/read_target.hpp"

namespace highwater::routing {

namespace {

using config::level;

void add_mark(read_target& to, const floor_mark& mark) noexcept {
  if (mark.event != never) to.need(std::nullopt, mark.event);
  if (mark.known.at != 0) to.need(mark.known.at, never);
}

void need_what_was_shown(read_target& to, const cluster_view& view, node_index by, incarnation_id life,
                         instant when) noexcept {
  const auto& there = view.nodes[by];
  const bool may_say = there.role == node_role::replica && there.incarnation == life && there.received != 0;
  to.need(bound_of(view, by, life, when), when, may_say);
}

void add_session(read_target& to, const read_request& request, const cluster_view& view, node_index node) noexcept {
  const auto& floors = *request.floors;
  if (sees_own_writes(request.need.level)) add_mark(to, floors.written);
  if (!never_goes_back(request.need.level)) return;
  add_mark(to, floors.read_elsewhere);
  if (floors.read_on != no_node && !stays_on(floors, view, node)) {
    need_what_was_shown(to, view, floors.read_on, floors.read_incarnation, floors.read_here);
  }
}

void add_domain(read_target& to, const domain_floors& domain, const cluster_view& view, node_index node) noexcept {
  const instant told = domain.written;
  if (told != never) to.need(view.history.covering(told), told);
  for (node_index other = 0; other < domain.reads.size(); ++other) {
    const auto& reads = domain.reads[other];
    // What this very life of this node has shown before, it still has.
    const bool same_life = other == node && reads.incarnation == view.nodes[node].incarnation;
    if (!same_life && reads.last != never) need_what_was_shown(to, view, other, reads.incarnation, reads.last);
  }
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
