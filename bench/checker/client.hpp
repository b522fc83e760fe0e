#pragma once

// The threads of the workload: sessions that read, write and judge what they read, and the writer that goes round the
// endpoint.

#include <atomic>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "bench/checker/connection.hpp"
#include "bench/checker/ledger.hpp"
#include "bench/checker/options.hpp"
#include "bench/checker/report.hpp"

namespace highwater::bench {

// What all threads of one run share.
struct run_state {
  explicit run_state(const options& given) : wanted(given), known(given.registers()) {}

  const options& wanted;
  ledger known;
  std::atomic<std::uint64_t> reads{0};
  std::atomic<bool> stop{false};

  bool enough() const noexcept { return wanted.reads > 0 && reads.load(std::memory_order_relaxed) >= wanted.reads; }
};

// One session: a closed loop over its own connections, to be used by one thread.
class client {
public:
  client(run_state& run, unsigned number);

  std::string open();  // the error, or an empty string
  void work();         // until the run is stopped or has enough reads
  const tally& counted() const { return counted_; }

private:
  void step();
  void write();
  void read();
  void read_with(connection& node, const std::vector<key_index>& keys);
  void judge(const std::vector<key_index>& keys, const std::vector<bounds>& before, const std::vector<row>& rows);
  void keep_examples(verdict found, key_index key, version seen, const bounds& before);
  void failed(const std::string& error);
  bool connected() const;
  void reconnect();

  key_index pick_key();
  std::vector<key_index> pick_keys(std::size_t count);
  bool chance(double percent);

  run_state& run_;
  unsigned number_;
  std::mt19937_64 random_;
  std::vector<connection> nodes_;     // the first takes the writes
  std::vector<std::size_t> readers_;  // which of them take the reads, in turn
  std::size_t turn_;
  session_memory memory_;
  tally counted_;
};

// Writes straight to the primary until the run is stopped. Its acknowledgements bind only `strong`.
class side_writer {
public:
  explicit side_writer(run_state& run);
  std::string open() { return primary_.open({}); }
  void work();
  std::uint64_t acknowledged() const { return acknowledged_; }

private:
  run_state& run_;
  connection primary_;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace highwater::bench
