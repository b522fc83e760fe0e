#include "tests/support/node.hpp"

#include <sys/shm.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace highwater::testing_support {
namespace {

namespace fs = std::filesystem;

struct process_state {
  char state = 'X';  // as in /proc/PID/stat; X: there is no such process
  pid_t parent = 0;
};

process_state look_at(const std::string& pid) {
  const std::string stat = read_file("/proc/" + pid + "/stat");
  const auto name_end = stat.rfind(')');
  process_state seen;
  if (name_end != std::string::npos) std::istringstream(stat.substr(name_end + 1)) >> seen.state >> seen.parent;
  return seen;
}

bool gone(pid_t pid) {
  const char state = look_at(std::to_string(pid)).state;
  return state == 'X' || state == 'Z';
}

// A server that was killed leaves its System V segment behind: line 7 of postmaster.pid has its key and its number.
void remove_shared_memory(const fs::path& folder) {
  std::ifstream file(folder / "postmaster.pid");
  std::string line;
  for (int number = 0; number < 7; ++number) std::getline(file, line);
  int key = 0;
  int segment = -1;
  if (std::istringstream(line) >> key >> segment) ::shmctl(segment, IPC_RMID, nullptr);
}

}  // namespace

std::string server_program(const std::string& name) {
  const char* folder = std::getenv("HIGHWATER_PG_BINDIR");
  return std::string(folder ? folder : HIGHWATER_PG_BINDIR) + "/" + name;
}

node::node(std::string name, fs::path folder)
    : name_(std::move(name)), folder_(std::move(folder)), log_(folder_.string() + ".log") {}

node::~node() {
  try {
    if (running()) kill9();
    remove_shared_memory(folder_);
    fs::remove_all(folder_);
  } catch (const std::exception& left_to_the_reaper) {
    (void)left_to_the_reaper;
  }
}

std::string node::conninfo(const std::string& database, const std::string& user) const {
  return "host=" + host() + " port=" + std::to_string(port()) + " dbname=" + database + " user=" + user;
}

pg::connection node::connect(const std::string& database, const std::string& user) const {
  return pg::connection(conninfo(database, user));
}

std::string node::ask(const std::string& sql) const {
  return connect().scalar(sql);
}

void node::tell(const std::string& sql) const {
  connect().must(sql);
}

void node::start() {
  launch();
  await_ready();
}

void node::launch() {
  server_ = std::make_unique<process>(command{
      .argv = {server_program("postgres"), "-D", folder_.string(), "-p", std::to_string(port())},
      .environment = {{"LC_ALL", "C.UTF-8"}},
      .log = log_,
      .as_server_user = true,
  });
}

void node::await_ready() {
  await("node " + name_ + " accepts connections", [this] {
    if (!running()) throw std::runtime_error("node " + name_ + " ended while it started:\n" + log());
    return PQping(conninfo().c_str()) == PQPING_OK;
  });
}

void node::stop(stop_mode mode) {
  if (!server_) return;
  server_->stop(mode == stop_mode::fast ? SIGINT : SIGQUIT);
  server_.reset();
}

void node::kill9() {
  // The postmaster first: once it stands still it starts nobody that we would miss.
  server_->signal(SIGSTOP);
  const auto all = all_processes();
  for (const pid_t pid : all) ::kill(pid, SIGKILL);
  server_->wait_for();
  server_.reset();
  for (const pid_t pid : all) await("death of process " + std::to_string(pid), [pid] { return gone(pid); });
}

void node::restart(stop_mode mode) {
  stop(mode);
  start();
}

void node::freeze() {
  server_->signal(SIGSTOP);
  for (const pid_t pid : all_processes()) ::kill(pid, SIGSTOP);
}

void node::thaw() {
  for (const pid_t pid : all_processes()) ::kill(pid, SIGCONT);
}

std::vector<pid_t> node::all_processes() const {
  std::vector<pid_t> all{server_->pid()};
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (look_at(name).parent == server_->pid()) all.push_back(std::stoi(name));
  }
  return all;
}

void node::promote() {
  ask("select pg_promote(true, 60)");
  await("node " + name_ + " left recovery", [this] { return !in_recovery(); });
}

void node::pause_replay() {
  tell("select pg_wal_replay_pause()");
  await("node " + name_ + " paused", [this] { return ask("select pg_get_wal_replay_pause_state()") == "paused"; });
}

void node::resume_replay() {
  tell("select pg_wal_replay_resume()");
}

bool node::has_replayed(const std::string& lsn) const {
  return ask("select coalesce(pg_last_wal_replay_lsn() >= '" + lsn + "'::pg_lsn, false)") == "t";
}

void node::set(const std::string& name, const std::string& value) {
  auto session = connect();
  session.must("alter system set " + name + " = '" + value + "'");
  session.must("select pg_reload_conf()");
}

}  // namespace highwater::testing_support
