#pragma once

// What the command line asks for.

#include <cstdint>
#include <optional>
#include <string>

#include "tests/fuzz/feature.hpp"

namespace highwater::fuzz {

struct options {
  std::uint64_t seed = 0;        // 0: a new one
  std::size_t sequences = 3000;  // programs of one client each
  unsigned seconds = 0;          // 0: as long as it takes
  std::optional<std::size_t> only_round;
  features on = features::all();
  std::string features_text;  // as they have to be given to have the same programs again
  unsigned replicas = 1;
  bool direct = false;
  std::string level = "causal";  // what the proxy promises, as clients come back; with less, there is something to find
  std::size_t failures = 1;      // different ones, before it stops
  unsigned patience_seconds = 10;
  unsigned minimise_seconds = 60;  // for each failure
  bool print = false;
};

// Exits with 2 if it cannot be understood.
options parse_options(int count, char** words);

}  // namespace highwater::fuzz
