#pragma once

// What the console shows, put together from what the workers know, the nodes and the settings. No I/O, no clock.

#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "proxy/client/census.hpp"
#include "proxy/console/facts.hpp"
#include "proxy/process/stats_period.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

// What operators have said, as long as it holds.
struct operated {
  bool all_paused = false;
  std::set<std::string> paused;  // databases
  std::set<std::string> disabled;
  std::set<std::string> drained;  // nodes
};

struct known_things {
  const config::config& settings;
  const std::vector<config::node>& places;  // the nodes by their places
  const routing::cluster_view& view;
  const operated& said;
  const stats_period& period;
  routing::instant now;
};

// All but config, memory and process.
console::facts facts_of(census all, const known_things& known);

}  // namespace highwater::proxy
