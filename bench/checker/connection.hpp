#pragma once

// One libpq connection and the three statements of the workload.

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/checker/ledger.hpp"
#include "bench/checker/options.hpp"

namespace highwater::bench {

struct row {
  key_index key = 0;
  version value = absent;
};

// Complete: everything up to ReadyForQuery has arrived, so that an acknowledged write is committed.
struct answer {
  std::vector<row> rows;
  std::string error;  // SQLSTATE; "connection" or "timeout" without one; empty: success

  explicit operator bool() const { return error.empty(); }
};

class connection {
public:
  connection(std::string conninfo, bench::protocol how, std::chrono::duration<double> timeout)
      : conninfo_(std::move(conninfo)), protocol_(how), timeout_(timeout) {}

  // Connects anew, prepares, and sets the level unless it is empty. The error, or an empty string.
  std::string open(const std::string& level);
  bool usable() const { return handle_ && PQstatus(handle_.get()) == CONNECTION_OK; }

  answer read(key_index key);
  answer read(std::span<const key_index> keys);  // in one statement
  answer write(key_index key);                   // adds 1 and returns the new value
  answer run(const std::string& sql);            // any other statement, by the simple protocol

private:
  struct statement;  // one shape of the workload, as each protocol sends it

  answer execute(const statement& shape, const std::string& parameter);
  answer await_answer();
  bool await_bytes(std::chrono::steady_clock::time_point deadline);
  answer give_up(std::string why);

  struct finisher {
    void operator()(PGconn* handle) const { PQfinish(handle); }
  };
  std::string conninfo_;
  bench::protocol protocol_;
  std::chrono::duration<double> timeout_;
  std::unique_ptr<PGconn, finisher> handle_;
};

// CREATE TABLE and rows for all registers, where they are not there yet. The error, or an empty string.
std::string prepare_registers(connection& primary, std::size_t registers);
// True once all registers can be read there.
bool registers_visible(connection& node, std::size_t registers);

}  // namespace highwater::bench
