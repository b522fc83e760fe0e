#pragma once

// Reads a configuration and says everything that is wrong with it at once.

#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace highwater::config {

// One mistake, where it stands: "highwater.yaml:12:9: pool.size: found 'many', expected a whole number from 1 to
// 10000".
struct mistake {
  int line = 0;          // 1-based; 0 when the file as a whole is meant
  int column = 0;        // 1-based
  std::string key;       // dotted, with indexes: cluster.nodes[1].port
  std::string found;     // as written
  std::string expected;  // in words
};
std::string to_string(const mistake& what, std::string_view file);

struct load_result {
  struct config config;           // meaningful only without mistakes
  std::vector<mistake> mistakes;  // in the order of the file
  explicit operator bool() const { return mistakes.empty(); }
};

load_result load_text(std::string_view yaml);
load_result load_file(const std::string& path);

// The effective configuration as YAML that load_text accepts and reads as the same values. Secrets are masked.
std::string to_yaml(const struct config& value);

// Every option with type, unit, default, bounds and description: docs/configuration.md and the editor's JSON schema.
std::string reference_markdown();
std::string json_schema();

}  // namespace highwater::config
