#pragma once

// All numbers in Prometheus' text format. Every metric's name, help and labels stand in exposition.cpp, once.

#include <string>
#include <string_view>
#include <vector>

#include "metrics/monitor_probe.hpp"
#include "metrics/worker_probe.hpp"

namespace highwater::metrics {

// What is known of a node when the page is asked for.
struct node_status {
  std::string role;  // primary, replica, unknown
  bool up = false;
  double position_bytes = 0;       // replayed, or inserted on the primary
  double lag_bytes = 0;            // replica: behind the primary's newest sample
  double lag_seconds = -1;         // replica: measured age of what it shows; negative: not known
  double sample_age_seconds = -1;  // negative: no sample
  double answer_seconds = -1;      // how long a sample takes
  double catch_up_seconds = -1;    // replica: how long it is expected to take for what has just been flushed
};

// The names behind the indexes that the probes count by.
struct vocabulary {
  std::vector<std::string> nodes;  // empty: there is none (any more), and only what is counted of all together has it
  std::vector<std::string_view> levels;
  std::vector<std::string_view> reasons;
  std::vector<std::string_view> pins;
  std::vector<std::string_view> causes;  // of errors
  // Which reasons are which kind of event.
  std::vector<std::size_t> fallback_reasons;
  std::vector<std::size_t> stale_reasons;
};

std::string expose(const vocabulary& names, const std::vector<node_status>& nodes, const monitor_probe& monitor,
                   const std::vector<const worker_probe*>& workers, std::string_view version);

}  // namespace highwater::metrics
