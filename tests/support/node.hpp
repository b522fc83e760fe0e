#pragma once

// One PostgreSQL server of a cluster.

#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/free_port.hpp"
#include "tests/support/pg.hpp"
#include "tests/support/process.hpp"

namespace highwater::testing_support {

enum class stop_mode { fast, immediate };

class node {
public:
  node(std::string name, std::filesystem::path folder);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }  // the data folder; the socket is in it too
  std::string host() const { return "127.0.0.1"; }
  std::uint16_t port() const { return port_.number(); }  // the same for as long as the node exists
  std::string conninfo(const std::string& database = "postgres", const std::string& user = "postgres") const;
  pg::connection connect(const std::string& database = "postgres", const std::string& user = "postgres") const;
  std::string ask(const std::string& sql) const;  // one value, over a connection of its own
  void tell(const std::string& sql) const;        // for statements without an answer
  std::string log() const { return read_file(log_); }

  // Life and death. start() waits until connections are accepted; the others until all of it is gone.
  void start();
  void launch();  // does not wait; await_ready() does
  void await_ready();
  void stop(stop_mode mode = stop_mode::fast);
  void kill9();  // every process of it at once, as when the machine fails
  void restart(stop_mode mode = stop_mode::fast);
  void freeze();  // SIGSTOP to every process of it: accepts connections, answers nothing
  void thaw();
  bool running() { return server_ && server_->running(); }

  // Recovery.
  bool in_recovery() const { return ask("select pg_is_in_recovery()") == "t"; }
  void promote();       // waits until it accepts writes
  void pause_replay();  // waits until replay stands still
  void resume_replay();
  bool has_replayed(const std::string& lsn) const;

  void set(const std::string& name, const std::string& value);  // ALTER SYSTEM and reload

private:
  std::vector<pid_t> all_processes() const;

  std::string name_;
  std::filesystem::path folder_;
  std::filesystem::path log_;
  reserved_port port_;
  std::unique_ptr<process> server_;
};

std::string server_program(const std::string& name);  // the path of postgres, initdb, ... of the version under test

}  // namespace highwater::testing_support
