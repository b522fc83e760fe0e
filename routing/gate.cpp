#include "routing/gate.hpp"

#include <algorithm>

namespace highwater::routing {

namespace {

bool shown_by_anybody(const cluster_view& view, instant when, const std::optional<lsn>& bound) noexcept {
  return when <= view.all_shown_through || (bound && view.shown_at >= *bound);
}

// What is lacking of several claims at once.
class claims {
public:
  explicit claims(const cluster_view& view) noexcept : view_(view) {}

  // True if there is nothing left to prove.
  bool read_on(node_index node, incarnation_id life, instant when) noexcept {
    if (node == view_.primary || shown_by_anybody(view_, when, bound_of(view_, node, life, when))) return true;
    const auto& there = view_.nodes[node];
    if (there.incarnation != life) return lacks({shown_by::anybody, no_node, when});
    return when <= there.shown_through || lacks({shown_by::one_node, node, when});
  }
  bool read_somewhere(instant when) noexcept {
    return shown_by_anybody(view_, when, view_.history.covering(when)) || lacks({shown_by::anybody, no_node, when});
  }

  const std::optional<shown_claim>& lacking() const noexcept { return lacking_; }

private:
  bool lacks(const shown_claim& more) noexcept {
    if (!lacking_) {
      lacking_ = more;
      return false;
    }
    const bool same = lacking_->by == more.by && lacking_->node == more.node;
    if (!same) {
      const bool anybody = lacking_->by == shown_by::anybody || more.by == shown_by::anybody;
      *lacking_ = {anybody ? shown_by::anybody : shown_by::replicas, no_node, lacking_->since};
    }
    lacking_->since = std::max(lacking_->since, more.since);
    return false;
  }

  const cluster_view& view_;
  std::optional<shown_claim> lacking_;
};

}  // namespace

std::optional<shown_claim> closed_gate(config::level level, session_floors& floors, const domain_floors* domain,
                                       const cluster_view& view) noexcept {
  if (!minds_what_was_shown(level)) return std::nullopt;
  claims of(view);
  if (floors.shown_here && of.read_on(floors.read_on, floors.read_incarnation, floors.read_here)) {
    floors.shown_here = false;
  }
  if (floors.shown_elsewhere != never && of.read_somewhere(floors.shown_elsewhere)) floors.shown_elsewhere = never;
  if (domain == nullptr || !minds_what_others_were_told(level)) return of.lacking();
  for (node_index node = 0; node < domain->reads.size(); ++node) {
    const auto& reads = domain->reads[node];
    if (reads.last != never) of.read_on(node, reads.incarnation, reads.last);
  }
  if (domain->ended != never) of.read_somewhere(domain->ended);
  return of.lacking();
}

}  // namespace highwater::routing
