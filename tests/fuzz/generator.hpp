#pragma once

// Programs out of a seed. Clients have a schema of their own each (c0, c1, ...: see arena.cpp), and meet nowhere else,
// so what each is told does not depend on the others.

#include <vector>

#include "tests/fuzz/chance.hpp"
#include "tests/fuzz/feature.hpp"
#include "tests/fuzz/program.hpp"

namespace highwater::fuzz {

inline constexpr std::size_t most_clients = 4;

struct subject {
  features on = features::all();
  bool transaction_pooling = true;  // else a client keeps its server connection, and may not wait for others at the end
  std::size_t round = 0;
};

// One client's program.
program write_program(const subject& about, std::size_t client, chance luck);

// Two to four clients.
std::vector<program> write_round(const subject& about, std::uint64_t seed);

// What a client asks that comes after all of them, to find what they have left behind. As many as there are server
// connections do so at a time, each in a transaction, so that each of these is looked at.
program write_visitor(const subject& about, bool on_replica);

}  // namespace highwater::fuzz
