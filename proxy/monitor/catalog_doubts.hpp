#pragma once

// What one catalogue may be wrong about by now: the names that DDL has touched since it was read. Shared by all threads
// that use the catalogue.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "routing/sql/name_set.hpp"

namespace highwater::proxy {

// Of one database: counts the changes that were told of.
using schema_generation = std::uint64_t;

struct schema_change {
  schema_generation generation = 0;
  sql::touched_names touched;
};

class catalog_doubts {
public:
  explicit catalog_doubts(const std::vector<schema_change>& already) {
    for (const auto& each : already) add(each);
  }

  void add(const schema_change& change);
  // The catalogue is known to be as it was read, up to this change.
  void lift(schema_generation upto);

  bool any() const noexcept { return count_.load(std::memory_order_acquire) != 0; }
  bool concern(const sql::name_set& names) const;

private:
  std::atomic<std::size_t> count_{0};
  mutable std::mutex mutex_;
  std::vector<schema_change> changes_;
};

// Adds a change to those that no reading has covered yet. They are bounded: when there are too many, they become one
// that touches everything.
void remember_change(std::vector<schema_change>& in, schema_change change);

}  // namespace highwater::proxy
