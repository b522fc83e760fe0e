#pragma once

// The places of nodes: numbers, under which everybody keeps what is known of a node. A place is one node at one address
// (its name, host, port and how it is spoken to), for the life of the process: whatever remembers a place never means
// another server by it. A node that is taken out of the configuration leaves its place empty, and gets it back when it
// comes again; one with another address gets another place. There are only so many, so that what is kept by place need
// not grow while others look at it.

#include <cstddef>
#include <optional>
#include <vector>

#include "config/config.hpp"

namespace highwater::config {

struct placed_node {
  std::size_t place = 0;
  struct node node;  // with all of its `tls`: nothing is left to what holds for the cluster
};

// From one configuration to another.
struct node_changes {
  std::vector<placed_node> in_force;  // all that are wanted, as the configuration lists them
  std::vector<std::size_t> added;     // ... the places of those that were not in force
  std::vector<std::size_t> removed;   // not in force any more

  bool any() const noexcept { return !added.empty() || !removed.empty(); }
};

class node_places {
public:
  // At the start a node's place is the one that it has in the configuration. `spare`: places for others.
  node_places(const cluster& first, std::size_t spare);

  // By place; those that nobody has had yet are without a name. It stays where it is, and so does who has a place.
  const cluster& all() const noexcept { return all_; }

  // None: no place is left.
  std::optional<node_changes> plan(const cluster& wanted) const;
  // Whoever looks at a place that is new by this has to be told of it after this.
  void make(const node_changes& planned);

private:
  std::optional<std::size_t> known(const node& which) const;

  cluster all_;
  std::size_t used_;            // places that somebody has, or has had
  std::vector<bool> in_force_;  // by place
};

}  // namespace highwater::config
