#pragma once

// A connection that a catalogue is read over. It waits, but never without end: every call ends by its deadline, and at
// once when another thread interrupts it. (Looking up a node's name is the exception: the system's resolver has limits
// of its own.)

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>

#include "config/config.hpp"

namespace highwater::proxy {

// Ends the waits of whoever watches it, now and until it is lowered.
class interrupt {
public:
  interrupt();  // throws std::system_error
  ~interrupt();
  interrupt(const interrupt&) = delete;
  interrupt& operator=(const interrupt&) = delete;

  void raise() noexcept;
  void lower() noexcept;
  int descriptor() const noexcept { return descriptor_; }  // readable while raised

private:
  int descriptor_;
};

struct result_clearer {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using result_ptr = std::unique_ptr<PGresult, result_clearer>;

class catalog_connection {
public:
  explicit catalog_connection(const interrupt& until) : until_(until) {}

  bool open(const config::cluster& cluster, const config::node& node, const std::string& database);
  // The last result of the statements, or null.
  result_ptr run(const std::string& sql);

  // Why open() or run() failed, in one line with the SQLSTATE.
  const std::string& problem() const noexcept { return problem_; }
  // open() failed because there is no such database.
  bool no_such_database() const noexcept;

private:
  using time_point = std::chrono::steady_clock::time_point;
  bool fail(const std::string& why = {});
  bool wait(short events, time_point deadline);

  struct connection_closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  const interrupt& until_;
  std::unique_ptr<PGconn, connection_closer> connection_;
  std::string problem_;
};

}  // namespace highwater::proxy
