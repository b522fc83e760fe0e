#include "proxy/client/node_wait.hpp"

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

}  // namespace highwater::proxy
