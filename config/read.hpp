#pragma once

#include <vector>

#include "config/schema.hpp"

namespace highwater::config {

// A file with more is not a configuration: what is looked for beyond them is not said.
inline constexpr std::size_t most_mistakes = 1'000;

// Fills the struct at `owner` from the file, as the section says. Mistakes are appended; what has none is filled.
void read_section(const section& shape, const tree& from, void* owner, const std::string& path,
                  std::vector<mistake>& mistakes);

// What only several options together can get wrong: things said twice, contradictions. Says nothing about options that
// already have a mistake.
void check(const struct config& value, const tree& root, std::vector<mistake>& mistakes);

}  // namespace highwater::config
