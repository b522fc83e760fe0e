#pragma once

// A connection that a catalogue is read over, or users are looked up. It waits, but never without end: every call ends
// by its deadline, and at once when another thread interrupts it. (Looking up a node's name is the exception: the
// system's resolver has limits of its own.)

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

// As whom, where, and how long a statement may take. The server is to give up first, as `options` say; what does not
// answer at all is given up here.
struct connection_login {
  std::string user;
  std::string password;
  std::string database;
  std::string application;
  std::string options;
  std::chrono::milliseconds statement_time;
};

class catalog_connection {
public:
  explicit catalog_connection(const interrupt& until) : until_(until) {}

  // As the monitor's user.
  bool open(const config::cluster& cluster, const config::node& node, const std::string& database);
  bool open(const config::cluster& cluster, const config::node& node, const connection_login& as);
  // The last result of the statements, or null.
  result_ptr run(const std::string& sql);
  // ... of one statement, whose $1 is this text.
  result_ptr run(const std::string& sql, const std::string& parameter);

  // Why open() or run() failed, in one line with the SQLSTATE.
  const std::string& problem() const noexcept { return problem_; }
  // The SQLSTATE with which the server has refused the statement; empty: run() failed otherwise, and the connection is
  // of no use any more.
  const std::string& refused() const noexcept { return refused_; }
  // open() failed because there is no such database.
  bool no_such_database() const noexcept;

private:
  using time_point = std::chrono::steady_clock::time_point;
  bool fail(const std::string& why = {});
  result_ptr last_result();
  void note(const PGresult& refusal);
  bool wait(short events, time_point deadline);

  struct connection_closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };

  const interrupt& until_;
  std::unique_ptr<PGconn, connection_closer> connection_;
  std::chrono::milliseconds statement_time_{};
  std::string problem_;
  std::string refused_;
};

}  // namespace highwater::proxy
