#pragma once

// What one run is like, drawn from its seed: how large the cluster is, how quick the network, what goes wrong in it.
// Each kind of trouble is missing from some runs, so that others are not hidden behind it.

#include "tests/simulation/schedule.hpp"

namespace highwater::simulation {

struct character {
  explicit character(std::uint64_t of) : seed(of) {
    chance luck(of ^ 0x5EED);
    nodes = luck.between(2, 5);
    quiet = luck.one_in(3);
    sessions = quiet ? luck.between(2, 4) : luck.between(6, 16);
    workers = luck.between(1, 3);
    quick = luck.one_in(2);
    asynchronous = luck.one_in(3);
    loses_messages = luck.one_in(2);
    late_views = luck.one_in(2);
    led_astray = luck.one_in(4);
    begins_contested = luck.one_in(8);
    pool_size = static_cast<unsigned>(luck.one_in(3) ? luck.between(1, 2) : luck.between(3, 12));
    calm = luck.one_in(6);
    reconfigured = luck.one_in(3);
  }

  std::uint64_t seed;
  std::size_t nodes, sessions, workers;
  bool quiet;             // long rests, in which a node can come back and nobody else is told of anything
  bool quick;             // a network of microseconds, on which small mistakes in time matter
  bool asynchronous;      // commits that do not wait to be flushed
  bool loses_messages;    // between the monitor and the nodes, and between the workers and the servers
  bool late_views;        // workers see what the control thread knows only after a while
  bool led_astray;        // now and then a node's name leads to another server
  bool begins_contested;  // two nodes claim to be the primary when the proxy starts
  unsigned pool_size;     // connections per worker and node
  bool calm;              // few faults, so that long stretches without one are seen too
  bool reconfigured;      // replicas are taken out of the configuration, and put back

  // What a message needs from here to there: mostly short, sometimes not.
  microseconds travel(chance& luck) const noexcept {
    if (luck.one_in(quick ? 100 : 40)) return luck.span(400, 4'500);
    return quick ? luck.span(1, 12) : luck.span(10, 300);
  }
};

}  // namespace highwater::simulation
