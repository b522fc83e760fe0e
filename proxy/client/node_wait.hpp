#pragma once

#include "metrics/worker_probe.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// One wait: for a node or a sample, or at the gate before the primary, or one after the other.
class node_wait {
public:
  void for_node(routing::instant now, metrics::worker_probe& probe) noexcept;
  void at_gate(routing::instant now, metrics::worker_probe& probe) noexcept;
  // `reached`: it was not in vain.
  void end(routing::instant now, bool reached, metrics::worker_probe& probe) noexcept;

private:
  routing::instant for_node_ = routing::never;  // since when
  routing::instant at_gate_ = routing::never;
};

}  // namespace highwater::proxy
