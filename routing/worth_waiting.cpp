#include "routing/worth_waiting.hpp"

#include <algorithm>

namespace highwater::routing {

namespace {

using std::chrono::milliseconds;

// Reads that leave the primary are what replicas are there for; a few round trips are not too much for it.
constexpr int times_the_primarys = 8;
// Below the first, differences are noise; beyond the second somebody would notice.
constexpr milliseconds least{8}, most{20};

}  // namespace

duration worth(const cluster_view& view, std::span<const node_load> loads) noexcept {
  // There is nothing else to do.
  if (!view.has_primary()) return most;
  const auto& primary = view.nodes[view.primary];
  return std::clamp<duration>(times_the_primarys * (primary.answers_in + loads[view.primary].queues_for), least, most);
}

duration worth_waiting(duration soonest, const cluster_view& view, std::span<const node_load> loads) noexcept {
  const auto most_of_all = worth(view, loads);
  return soonest <= most_of_all ? std::min<duration>(2 * most_of_all, most) : duration(0);
}

}  // namespace highwater::routing
