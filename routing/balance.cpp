#include "routing/balance.hpp"

namespace highwater::routing {

bool usable(const node_view& node, const node_load& load) noexcept {
  return node.usable && node.sampled > load.suspect;
}

void balance::offer(node_index node) noexcept {
  if (chosen_ != no_node && !takes_over(node)) return;
  if (chosen_ == no_node) equals_ = loads_[node].weight;
  chosen_ = node;
}

// What a node would have running with this read, in parts of its weight: compared crosswise, without division.
bool balance::takes_over(node_index node) noexcept {
  const auto& next = loads_[node];
  const auto& best = loads_[chosen_];
  const auto its = (std::uint64_t{next.outstanding} + 1) * best.weight;
  const auto least = (std::uint64_t{best.outstanding} + 1) * next.weight;
  // Of two that have nothing to do the heavier would always win, and the other never get its share.
  const bool idle = next.outstanding == 0 && best.outstanding == 0;
  if (next.near == best.near && (its == least || idle)) return wins_turn(next.weight);
  const bool better = next.near != best.near ? next.near : its < least;
  if (better) equals_ = next.weight;
  return better;
}

// The next of several equals replaces the choice so far with the share that its weight has in all of them. The turn,
// read as a number whose digits have these sums for bases, gives each its share exactly over any full period.
bool balance::wins_turn(unsigned weight) noexcept {
  equals_ += weight;
  const auto digit = turn_ % equals_;
  turn_ /= equals_;
  return digit < weight;
}

}  // namespace highwater::routing
