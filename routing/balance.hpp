#pragma once

// Which of several nodes that may serve a read gets it: one in the proxy's own zone before others, then the one with
// the least outstanding per weight, and equals by turns in proportion to their weights.

#include <cstdint>
#include <span>

#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"

namespace highwater::routing {

// What is known of a node by the one who asks.
struct node_load {
  std::uint32_t outstanding = 0;  // batches that are running there
  unsigned weight = 1;            // at least 1
  bool near = false;              // in the proxy's own zone
  instant suspect = never;        // a connection to it broke then: not to be used before a sample sent later
  duration queues_for{0};         // what a read has waited for a connection there, on average
  bool drained = false;           // an operator wants nothing new there, as long as it is not the primary
};

// A wait for a connection has ended, which most need not begin.
inline void note_wait(node_load& load, duration waited) noexcept {
  load.queues_for += (waited - load.queues_for) / 8;
}

// Whether a node may be used at all, given what the caller has seen of it.
bool usable(const node_view& node, const node_load& load) noexcept;

class balance {
public:
  // `turn` counts up from one choice to the next.
  balance(std::span<const node_load> loads, std::uint32_t turn) noexcept : loads_(loads), turn_(turn) {}

  void offer(node_index node) noexcept;
  node_index chosen() const noexcept { return chosen_; }  // no_node: nobody was offered

private:
  bool takes_over(node_index node) noexcept;
  bool wins_turn(unsigned weight) noexcept;

  std::span<const node_load> loads_;
  std::uint32_t turn_;
  node_index chosen_ = no_node;
  std::uint32_t equals_ = 0;  // weights of the nodes that are as good as the chosen one, itself included
};

}  // namespace highwater::routing
