#include <cstdio>
#include <exception>

#include "tests/fuzz/hunt.hpp"

int main(int count, char** words) {
  const auto asked = highwater::fuzz::parse_options(count, words);
  try {
    return highwater::fuzz::hunt(asked).run();
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "differential: %s\n", trouble.what());
    return 3;
  }
}
