#pragma once

// What one run counted, and how it is shown.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/checker/histogram.hpp"
#include "bench/checker/ledger.hpp"

namespace highwater::bench {

// One violation in full, for whoever has to find out how it came about.
struct example {
  violation kind = violation::own_write;
  unsigned client = 0;
  key_index key = 0;
  version seen = absent;
  version bound = absent;
};

struct tally {
  std::uint64_t reads = 0;           // read statements that were answered and checked
  std::uint64_t values = 0;          // values checked: a statement that reads several registers has several
  std::uint64_t writes = 0;          // acknowledged
  std::uint64_t unknown_writes = 0;  // failed or broken off: may or may not have happened
  std::array<std::uint64_t, violation_count> violations{};  // read statements with at least one such value
  std::map<std::string, std::uint64_t> errors;  // by SQLSTATE; "connect", "connection", "timeout" without one
  latency_histogram read_latency;
  latency_histogram write_latency;
  std::vector<example> examples;

  static constexpr std::size_t max_examples = 5;

  void count(verdict found) noexcept;
  void merge(const tally& other);
  std::uint64_t error_count() const noexcept;
};

// From the proxy's own counters, over the run.
struct proxy_counts {
  double replica_reads = 0;
  double primary_reads = 0;
  double primary_samples = 0;
  double replica_share() const noexcept;
};

struct report {
  std::string label;
  tally counted;
  std::uint64_t side_writes = 0;
  std::chrono::duration<double> elapsed{0};
  std::optional<proxy_counts> proxy;
};

std::string to_json(const report& run);
std::string table_header();
std::string table_line(const report& run);

}  // namespace highwater::bench
