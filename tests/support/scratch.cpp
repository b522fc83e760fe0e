#include "tests/support/scratch.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/server_user.hpp"

namespace highwater::testing_support {
namespace {

namespace fs = std::filesystem;

// Standard input ends when the test process does. SIGQUIT makes a postmaster end its backends and free its shared
// memory; whoever is still there after five seconds is killed.
constexpr const char* reaper_script = R"sh(
trap '' INT TERM HUP
cat >/dev/null
cd "$1/pids" || exit
for signal in CONT QUIT; do for pid in *; do kill -$signal "$pid"; done; done
for turn in 1 2 3 4 5 6 7 8 9 10; do
  alive=
  for pid in *; do kill -0 "$pid" && alive=1; done
  [ "$alive" ] || break
  sleep 0.5
done
for pid in *; do kill -KILL "$pid"; done
for file in "$1"/*/*/postmaster.pid; do
  [ -e "$file" ] && ipcrm -m "$(sed -n '7s/.* //p' "$file")"
done
cd /
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
)sh";

[[noreturn]] void become_reaper(int input, const char* folder) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  ::dup2(input, 0);
  ::dup2(nowhere, 1);
  ::dup2(nowhere, 2);
  ::close_range(3, ~0U, 0);
  ::execl("/bin/sh", "sh", "-c", reaper_script, "reaper", folder, nullptr);
  ::_exit(127);
}

// Forked twice, so that it belongs to init: a test runner that kills a whole tree of processes does not find it.
void start_reaper(const fs::path& folder) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make the reaper's pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork the reaper");
  if (child == 0) {
    ::setsid();
    if (::fork() == 0) become_reaper(ends[0], folder.c_str());
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);  // the other end stays open for as long as this process lives
}

// A data folder has a thousand files: in memory a cluster is made several times as fast. Containers often allow only a
// little of it.
std::string scratch_parent() {
  constexpr std::uintmax_t enough = 4ULL << 30;
  if (const char* chosen = std::getenv("TMPDIR"); chosen && *chosen) return chosen;
  std::error_code missing;
  const auto memory = fs::space("/dev/shm", missing);
  return !missing && memory.available >= enough && ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

fs::path make_scratch() {
  std::string pattern = scratch_parent() + "/highwater-test-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("cannot make " + pattern);
  fs::permissions(pattern, fs::perms(0755));
  fs::create_directory(fs::path(pattern) / "pids");
  start_reaper(pattern);
  return pattern;
}

}  // namespace

const fs::path& scratch() {
  static const fs::path folder = make_scratch();
  return folder;
}

fs::path make_folder(const std::string& name) {
  static std::atomic<unsigned> count{0};
  const fs::path folder = scratch() / (name + "-" + std::to_string(++count));
  fs::create_directory(folder);
  give_to_server_user(folder);
  return folder;
}

void register_process(pid_t pid) {
  std::ofstream(scratch() / "pids" / std::to_string(pid));
}

void forget_process(pid_t pid) {
  std::error_code ignored;
  fs::remove(scratch() / "pids" / std::to_string(pid), ignored);
}

}  // namespace highwater::testing_support
