#pragma once

// One worker's connections to one node: who gets which, who waits, and when another is made. The real choose_idle() and
// connect_backoff decide; the pool that they belong to does I/O, and is not here.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "proxy/server/connect_backoff.hpp"
#include "tests/simulation/line.hpp"

namespace highwater::simulation {

// What all lines of a run have in common.
struct network {
  schedule& when;
  chance& luck;
  const character& like;
  world& servers;
  checker& judge;
  struct {
    unsigned made = 0, unreachable = 0, full = 0, astray = 0, queued = 0, broken = 0, answers_lost = 0;
  } happened = {};
};

class line_pool {
public:
  line_pool(network& by, node_index node) : by_(by), node_(node) {}

  // Null: on_lease() or on_lease_failed() follows.
  line* acquire(session& who);
  void cancel(session& who);
  void send(line& over, const request& what);
  void give_back(line& which);
  void drop(line& which);
  void drop_stranger(line& which);
  void close_idle_of_other_lives(routing::incarnation_id life);
  void heard_of_death(node_index node, life_number life);
  node_index node() const noexcept { return node_; }

private:
  line* take_idle();
  void serve(line& with);
  void open();
  void open_later();
  void dial();
  void answered_dial(node_index real, life_number life);
  void refused(const wire::error& why);
  void lost(line& which);
  void close(line& which);
  void forget(line& which);
  void arrive(line& which);
  void deliver(line& which);
  void break_soon(line& which);
  template <class What>
  void event(line& which, instant at, What what);

  network& by_;
  node_index node_;
  proxy::connect_backoff backoff_;
  std::vector<std::unique_ptr<line>> all_;
  std::vector<line*> idle_;  // the most recently used last
  std::deque<session*> waiting_;
  unsigned connecting_ = 0, open_ = 0;
  bool looks_again_ = false;
};

}  // namespace highwater::simulation
