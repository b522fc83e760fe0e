#pragma once

// Averages of the last period, between two snapshots of counters. No clock.

#include <chrono>
#include <map>
#include <string>

#include "proxy/console/database_facts.hpp"

namespace highwater::proxy {

class stats_period {
public:
  using counters = std::map<std::string, console::stat_counters>;  // by database

  // The counters now, so long after they were taken last.
  void close(counters now, std::chrono::microseconds after);
  // All 0 before the first period is over. Counts and bytes per second; times per transaction, query or wait.
  console::stat_counters average(const std::string& database) const;

private:
  counters last_;
  counters averages_;
};

}  // namespace highwater::proxy
