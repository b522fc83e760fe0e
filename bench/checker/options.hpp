#pragma once

// What the command line of highwater-checker says.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/checker/ledger.hpp"

namespace highwater::bench {

enum class protocol : std::uint8_t { simple, extended, prepared };

struct options {
  // Where to. Either one endpoint for everything, or reads round-robin over several nodes and writes to one, as
  // applications do it that know their replicas.
  std::string target;
  std::vector<std::string> read_targets;
  std::string write_target;
  std::string side_writer;  // writes round the endpoint, straight to the primary; empty: nobody does

  // What.
  unsigned clients = 8;
  double seconds = 10;      // 0: no limit but `reads`
  std::uint64_t reads = 0;  // stop after so many checked reads; 0: no limit but `seconds`
  double write_percent = 30;
  double multi_percent = 10;  // of the reads: several registers in one statement
  unsigned multi_keys = 4;
  unsigned shared_keys = 32;  // read and written by every client
  unsigned own_keys = 2;      // ... and by one client alone, so that own writes are soon read back
  double think_ms = 0;
  double side_pause_ms = 1;
  bench::protocol protocol = bench::protocol::simple;
  std::string level;  // SET highwater.level after connecting; empty: not sent
  bool stop_on_error = false;
  double timeout_seconds = 30;  // for one statement; then the connection counts as broken
  std::uint64_t seed = 1;

  // What to say.
  std::string expect;       // the level whose promise decides the exit code
  std::string metrics_url;  // Highwater's /metrics
  std::string label;
  bool json = false;
  bool header = false;

  std::size_t registers() const { return shared_keys + static_cast<std::size_t>(clients) * own_keys; }
};

// Fills `out` and returns true, or prints what is wrong (or the help) and sets `exit_code`.
bool parse_command_line(int argc, char** argv, options& out, int& exit_code);

}  // namespace highwater::bench
