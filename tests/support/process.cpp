#include "tests/support/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/scratch.hpp"
#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

// All that the child needs between fork and exec, where it must not allocate.
struct prepared_exec {
  explicit prepared_exec(const command& what)
      : arguments(what.argv), log(what.log.empty() ? "/dev/null" : what.log.string()) {
    for (char** entry = environ; *entry; ++entry) {
      const std::string text = *entry;
      if (!what.environment.contains(text.substr(0, text.find('=')))) variables.push_back(text);
    }
    for (const auto& [name, value] : what.environment) variables.push_back(name + "=" + value);
    if (what.as_server_user) user = server_user();
    for (auto& argument : arguments) argv.push_back(argument.data());
    for (auto& variable : variables) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }

  std::vector<std::string> arguments, variables;
  std::string log;
  std::optional<user_ids> user;
  std::vector<char*> argv, envp;
};

bool become(const user_ids& user) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

void complain(const char* what) {
  const char* reason = ::strerrordesc_np(errno);
  for (const char* text : {"cannot run ", what, ": ", reason ? reason : "unknown error", "\n"}) {
    if (::write(2, text, ::strlen(text)) < 0) break;
  }
}

[[noreturn]] void execute(const prepared_exec& what, int output) {
  ::setpgid(0, 0);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int log = ::open(what.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(nowhere, 0);
  ::dup2(output >= 0 ? output : log, 1);
  ::dup2(log, 2);
  ::close_range(3, ~0U, 0);
  if ((!what.user || become(*what.user)) && (!what.user || ::chdir("/") == 0)) {
    ::execvpe(what.argv[0], what.argv.data(), what.envp.data());
  }
  complain(what.argv[0]);
  ::_exit(127);
}

exit_status decode(int status) {
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

bool readable(int descriptor, int timeout_ms) {
  pollfd wanted{descriptor, POLLIN, 0};
  return ::poll(&wanted, 1, timeout_ms) > 0;
}

}  // namespace

std::string to_string(const exit_status& status) {
  if (status.signal != 0) return std::string("ended by signal ") + ::strsignal(status.signal);
  return "exit code " + std::to_string(status.code);
}

process::process(const command& what) {
  const prepared_exec prepared(what);
  int ends[2] = {-1, -1};
  if (what.pipe_output && ::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  pid_ = ::fork();
  if (pid_ == 0) execute(prepared, ends[1]);
  if (ends[1] >= 0) ::close(ends[1]);
  output_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("cannot fork for " + what.argv.front());
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  register_process(pid_);
}

process::~process() {
  if (!status_ && pid_ > 0) stop(SIGKILL);
  if (pidfd_ >= 0) ::close(pidfd_);
  if (output_ >= 0) ::close(output_);
}

void process::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

std::optional<exit_status> process::wait_for(milliseconds limit) {
  if (status_) return status_;
  if (!readable(pidfd_, static_cast<int>(limit.count()))) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  forget_process(pid_);
  return status_ = decode(status);
}

exit_status process::stop(int number, milliseconds grace) {
  signal(number);
  if (auto status = wait_for(grace)) return *status;
  signal(SIGKILL);
  return wait_for().value_or(exit_status{-1, SIGKILL});
}

std::optional<std::string> process::read_line(milliseconds limit) {
  const deadline end(limit);
  for (;;) {
    if (const auto newline = unread_.find('\n'); newline != std::string::npos) {
      std::string line = unread_.substr(0, newline);
      unread_.erase(0, newline + 1);
      return line;
    }
    if (!readable(output_, end.left_ms())) throw std::runtime_error("no line of output came in time");
    char bytes[4096];
    const ssize_t count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) return std::nullopt;
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
}

completed run(command what, milliseconds limit) {
  static std::atomic<unsigned> count{0};
  what.log = scratch() / ("output-" + std::to_string(++count));
  process child(what);
  const auto status = child.wait_for(limit);
  completed done{status ? *status : child.stop(SIGKILL), read_file(what.log)};
  if (!status) done.output += "\n(killed: it took longer than " + std::to_string(limit.count()) + " ms)\n";
  std::filesystem::remove(what.log);
  return done;
}

std::string run_or_throw(command what, milliseconds limit) {
  const auto done = run(what, limit);
  if (done.status.success()) return done.output;
  throw std::runtime_error(what.argv.front() + ": " + to_string(done.status) + "\n" + done.output);
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  if (!(file << text) || !file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace highwater::testing_support
