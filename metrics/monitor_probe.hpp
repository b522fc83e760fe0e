#pragma once

// What the control thread counts of the questions that it asks the nodes.

#include <array>
#include <vector>

#include "metrics/counter.hpp"

namespace highwater::metrics {

class monitor_probe {
public:
  explicit monitor_probe(std::size_t nodes) : nodes_(nodes) {}

  void sampled(std::size_t node, bool as_primary) noexcept { nodes_[node].samples[as_primary ? 1 : 0].add(); }
  void nudged() noexcept { nudges_.add(); }
  void failed(std::size_t node) noexcept { nodes_[node].failures.add(); }

  std::int64_t samples(std::size_t node, bool as_primary) const noexcept {
    return nodes_[node].samples[as_primary ? 1 : 0].value();
  }
  std::int64_t nudges() const noexcept { return nudges_.value(); }
  std::int64_t failures(std::size_t node) const noexcept { return nodes_[node].failures.value(); }

private:
  struct counts {
    std::array<counter, 2> samples;
    counter failures;
  };
  std::vector<counts> nodes_;
  counter nudges_;
};

}  // namespace highwater::metrics
