#pragma once

// A child process that does not outlive its owner. It runs in a process group of its own.

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/deadline.hpp"

namespace highwater::testing_support {

struct command {
  std::vector<std::string> argv = {};                   // argv[0] is looked up in PATH
  std::map<std::string, std::string> environment = {};  // on top of this process's own
  std::filesystem::path log = {};  // standard error, and output unless piped, are appended to this file
  bool as_server_user = false;
  bool pipe_output = false;  // standard output is read by read_line()
};

struct exit_status {
  int code = -1;   // -1 if ended by a signal
  int signal = 0;  // 0 if it ended by itself
  bool success() const { return code == 0; }
};
std::string to_string(const exit_status& status);

class process {
public:
  explicit process(const command& what);  // throws std::runtime_error if it cannot fork
  ~process();                             // SIGKILL if it still runs
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  pid_t pid() const { return pid_; }
  bool running() { return !wait_for(milliseconds(0)); }
  void signal(int number) const;
  std::optional<exit_status> wait_for(milliseconds limit = patience);
  exit_status stop(int number, milliseconds grace = patience);  // SIGKILL after the grace

  // A line that it wrote, without its end; none at the end of the output. Throws if none comes in time.
  std::optional<std::string> read_line(milliseconds limit = patience);

private:
  pid_t pid_ = -1;
  int pidfd_ = -1;
  int output_ = -1;
  std::string unread_;
  std::optional<exit_status> status_;
};

struct completed {
  exit_status status;
  std::string output;  // standard output and error, as they came
};
completed run(command what, milliseconds limit = patience);
std::string run_or_throw(command what, milliseconds limit = patience);  // the output

std::string read_file(const std::filesystem::path& path);  // empty if there is none
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace highwater::testing_support
