#pragma once

// Lets several clients play at a time, from one thread: who says something next is a matter of the seed.

#include <chrono>
#include <cstdint>
#include <vector>

#include "tests/fuzz/player.hpp"

namespace highwater::fuzz {

enum class pace : std::uint8_t {
  turns,    // who speaks is heard before the next one speaks, unless a connection may have to be waited for
  at_once,  // nobody waits for anybody
};

struct score {
  std::uint64_t seed = 0;
  fuzz::pace pace = pace::turns;
  std::size_t connections = 1;                 // that there are for all of them
  std::chrono::milliseconds patience{10'000};  // nothing came for so long: nothing will
  bool stay = false;                           // clients that are done stay until all are
};

std::vector<account> play(const std::vector<program>& programs, const endpoint& where, const score& how);

}  // namespace highwater::fuzz
