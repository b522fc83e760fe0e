#pragma once

// The proxy under test as a process of its own, in front of a test's cluster.

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/cluster.hpp"
#include "tests/support/http.hpp"
#include "tests/support/process.hpp"

namespace highwater::testing_support {

std::string highwater_binary();  // as built with the tests; the environment's HIGHWATER_BINARY goes before it

// What is started, and what is in its environment besides what is in ours.
struct program {
  std::string binary = highwater_binary();
  std::map<std::string, std::string> environment = {};
};

// The configuration's top-level sections as YAML. They start as what a test wants: free ports, two workers, trust, and
// the cluster's nodes under their own names.
class highwater_config {
public:
  explicit highwater_config(postgres_cluster& cluster);
  highwater_config& set(const std::string& section, const std::string& yaml);  // replaces the section
  const std::string& section(const std::string& name) const { return sections_.at(name); }
  highwater_config& run_by(program other) {
    program_ = std::move(other);
    return *this;
  }
  std::string text() const;
  const program& started() const { return program_; }

private:
  std::map<std::string, std::string> sections_;
  program program_;
};

class highwater_process {
public:
  // Starts it and waits until it is ready for clients. Throws std::runtime_error with its log if it does not get there.
  explicit highwater_process(const highwater_config& config);

  // A sanitizer's report in the log, or an end by itself that nobody asked for, fails the test that is running.
  ~highwater_process();

  std::uint16_t port() const { return port_; }
  std::uint16_t http_port() const { return http_port_; }
  std::string conninfo(const std::string& database = "postgres", const std::string& user = "postgres") const;
  pg::connection connect(const std::string& database = "postgres", const std::string& user = "postgres") const;

  std::string metrics() const;                                              // the page
  double metric(const std::string& name, const labels& wanted = {}) const;  // 0 if there is no such sample
  void await_ready() const;                                                 // /readyz says 200
  std::string log() const { return read_file(log_); }

  // Another configuration in the place of its own, and SIGHUP. Returns when it has been applied, or not.
  void reload(const highwater_config& config);

  exit_status stop();  // SIGTERM; the end must be exit code 0, or the test fails
  void kill9();
  process& child() { return *process_; }

private:
  void read_ports();

  std::filesystem::path log_;
  std::filesystem::path file_;
  std::unique_ptr<process> process_;
  std::uint16_t port_ = 0;
  std::uint16_t http_port_ = 0;
  bool end_wanted_ = false;
};

}  // namespace highwater::testing_support
