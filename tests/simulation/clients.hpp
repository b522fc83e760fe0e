#pragma once

// Clients of one proxy, in simulated time: each writes and reads, one thing after the other, at whatever level it
// likes. What it does next is decided by the real attempt; floors and domain are the real ones too.

#include <vector>

#include "proxy/client/attempt.hpp"
#include "proxy/client/domain.hpp"
#include "routing/decide.hpp"
#include "tests/simulation/checker.hpp"
#include "tests/simulation/watcher.hpp"

namespace highwater::simulation {

struct crowd {
  std::size_t size = 10;
  bool quiet = false;  // long rests, in which a node can come back and nobody else is told of anything
};

class clients {
public:
  clients(schedule& when, chance& luck, world& servers, const crowd& who);

  const checker& judged() const noexcept { return checker_; }
  struct {
    unsigned reads = 0, writes = 0, unknown_commits = 0, broken_connections = 0, waits = 0, refused = 0, given_up = 0;
    unsigned closed_gates = 0, retries = 0;
  } happened;

private:
  struct client {
    routing::session_floors floors;
    proxy::attempt looks_for;
    promise promised;
    std::uint64_t batch = 0;  // its number
    instant decided = routing::never;
    bool reads = false;
    bool waits = false;
    instant timer_at = routing::never;  // of the wait
  };

  void act(std::size_t who);
  void rest(std::size_t who);
  void place(std::size_t who, const proxy::attempt::subject& what);
  proxy::attempt::circumstances circumstances();
  void look(std::size_t who);
  void await(std::size_t who, instant deadline);
  void run_read(std::size_t who);
  void run_write(std::size_t who);
  void told_of_read(std::size_t who, const glimpse& saw, bool on_primary);
  void note_told(std::size_t who);
  void connection_broke(std::size_t who);
  void view_changed();

  schedule& when_;
  chance& luck_;
  world& servers_;
  bool quiet_;
  checker checker_;
  proxy::domain domain_;
  std::vector<client> clients_;
  std::vector<routing::node_load> loads_;
  std::uint32_t turn_ = 0;
  watcher watcher_;
};

}  // namespace highwater::simulation
