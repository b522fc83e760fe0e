#pragma once

// What the clients of one proxy do, in simulated time: single statements, transactions that read and that write, and
// several statements at once without waiting for the answers between them; at whatever level they like.

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/session.hpp"

namespace highwater::simulation {

class clients {
public:
  clients(schedule& when, chance& luck, const character& like, world& servers);

  const checker& judged() const noexcept { return checker_; }
  checker& judge() noexcept { return checker_; }
  const process& proxy() const noexcept { return process_; }
  const network& net() const noexcept { return network_; }
  const watcher& monitor() const noexcept { return watcher_; }
  watcher& monitor() noexcept { return watcher_; }
  std::uint64_t operations() const noexcept { return operations_; }
  std::array<std::uint64_t, config::level_count> by_level{};  // operations
  struct {
    unsigned single_reads = 0, single_writes = 0, reading_transactions = 0, writing_transactions = 0, pipelines = 0,
             told_reads = 0, told_commits = 0, errors = 0, levels_set = 0;
  } happened;

private:
  struct client {
    std::vector<speech> script;
    std::size_t next = 0;     // of the script, to be sent
    std::size_t pending = 0;  // sent, and not answered
    bool at_once = false;
    bool in_block = false;
    std::optional<promise> block;                // what its transaction is owed, from its first statement on
    std::optional<config::level> asked = {};     // by SET
    std::optional<config::level> begun_at = {};  // by a comment in BEGIN
    std::uint32_t life = 0;
  };

  void rest(std::size_t who);
  void act(std::size_t who);
  void write_script(client& one);
  void write_transaction(client& one, bool only_reads);
  void write_pipeline(client& one);
  void say_next(std::size_t who);
  void say(std::size_t who, speech what);
  promise owed(std::size_t who, const speech& what);
  speech some(deed what);
  void answered(std::size_t who, const batch& what, const outcome& of);
  void ended(std::size_t who);
  void view_published();

  schedule& when_;
  chance& luck_;
  const character& like_;
  world& servers_;
  charter charter_;
  checker checker_;
  network network_;
  proxy::domain domain_;
  watcher watcher_;
  process process_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::unique_ptr<session>> sessions_;
  std::vector<client> clients_;
  std::uint64_t operations_ = 0;
};

}  // namespace highwater::simulation
