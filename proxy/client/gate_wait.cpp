#include "proxy/client/gate_wait.hpp"

#include <chrono>
#include <utility>

namespace highwater::proxy {

using routing::instant;
using routing::never;

void node_wait::for_node(instant now, metrics::worker_probe& probe) noexcept {
  if (for_node_ != never) return;
  for_node_ = now;
  probe.freshness_waiting.add();
}

void node_wait::at_gate(instant now, metrics::worker_probe& probe) noexcept {
  if (at_gate_ != never) return;
  at_gate_ = now;
  probe.gate_waiting.add();
}

void node_wait::end(instant now, bool reached, metrics::worker_probe& probe) noexcept {
  if (const auto since = std::exchange(for_node_, never); since != never) {
    probe.freshness_waiting.add(-1);
    probe.freshness_wait.observe(now - since);
    if (!reached) probe.freshness_timeouts.add();
  }
  if (const auto since = std::exchange(at_gate_, never); since != never) {
    probe.gate_waiting.add(-1);
    probe.gate_wait.observe(now - since);
  }
}

wire::error gate_stayed_closed(const routing::plan& what, const routing::cluster_view& view,
                               const config::config& settings) {
  const auto& nodes = settings.cluster.nodes;
  const bool of_one = what.proof_of == routing::shown_by::one_node && what.best != routing::no_node;
  const auto waits_for = of_one ? view.nodes[what.best].unshown : view.unshown;
  const auto primary = view.has_primary() ? "node " + nodes[view.primary].name : std::string("the primary");
  wire::error why{std::string(wire::sqlstate::serialization_failure),
                  "the primary did not show within " + std::to_string(settings.pool.queue_timeout.count()) +
                      " ms what this session has read from a replica",
                  "", ""};
  why.detail = (of_one ? "Node " + nodes[what.best].name : std::string("A replica")) + " may have shown commits that " +
               primary + " does not show yet";
  why.detail += waits_for == 0 ? "." : "; transaction " + std::to_string(waits_for & 0xFFFFFFFFU) + " is among them.";
  why.hint =
      "Nothing was run: try again. Commits that hang are usually waiting for a synchronous standby: see "
      "pg_stat_activity "
      "on " +
      primary + " for wait_event SyncRep, and its synchronous_standby_names.";
  return why;
}

}  // namespace highwater::proxy
