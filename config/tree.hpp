#pragma once

// A YAML document as plain values that know where they stand. Everything that yaml-cpp can throw ends in tree.cpp.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace highwater::config {

struct tree {
  enum class kind : std::uint8_t { nothing, text, list, map };
  kind what = kind::nothing;
  bool quoted = false;     // text that cannot be meant as a number
  int line = 0;            // 1-based
  int column = 0;          // 1-based
  std::size_t weight = 0;  // roughly the bytes that a copy takes
  std::string text;
  std::vector<tree> keys;   // map: keys[i] stands before items[i]; a key may occur twice
  std::vector<tree> items;  // list, map

  const tree* find(std::string_view key) const;  // the first value of that key in a map, or none
};

struct parsed_tree {
  tree root;
  std::optional<mistake> error;
};

inline constexpr std::size_t max_document_bytes = 1'048'576;

// One YAML document. Too large, nested deeper than 32, or blown up by aliases: an error, at no great cost.
parsed_tree parse_tree(std::string_view yaml);

// What stands there, in the words of a mistake: "'many'", "nothing", "a list", "a map". Long text is cut.
std::string describe(const tree& value);
std::string quote(std::string_view text);

// The value at a key such as cluster.nodes[1].port, or the innermost one on the way to it that was written.
const tree& nearest(const tree& root, std::string_view key);

}  // namespace highwater::config
