#pragma once

// What happened in many runs together, by name: a simulation in which nothing happens would prove nothing.

#include <cstdint>
#include <map>
#include <string>

#include "tests/simulation/run.hpp"

namespace highwater::simulation {

class tally {
public:
  void add(const run& of);
  std::uint64_t operator[](const std::string& name) const {
    const auto found = all_.find(name);
    return found == all_.end() ? 0 : found->second;
  }
  const std::map<std::string, std::uint64_t>& all() const noexcept { return all_; }

private:
  void add_world(const run& of);
  void add_monitor(const run& of);
  void add_sessions(const run& of);
  void add_lines(const run& of);
  void add_clients(const run& of);

  std::map<std::string, std::uint64_t> all_;
};

}  // namespace highwater::simulation
