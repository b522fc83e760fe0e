#include "proxy/monitor/catalog_doubts.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

constexpr std::size_t most_changes = 1000;

}  // namespace

void remember_change(std::vector<schema_change>& in, schema_change change) {
  if (in.size() >= most_changes) {
    in.clear();
    change.touched = {};
    change.touched.everything = true;
  }
  in.push_back(std::move(change));
}

void catalog_doubts::add(const schema_change& change) {
  const std::scoped_lock lock(mutex_);
  remember_change(changes_, change);
  count_.store(changes_.size(), std::memory_order_release);
}

void catalog_doubts::lift(schema_generation upto) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(changes_, [&](const schema_change& one) { return one.generation <= upto; });
  count_.store(changes_.size(), std::memory_order_release);
}

bool catalog_doubts::concern(const sql::name_set& names) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(changes_, [&](const schema_change& one) { return one.touched.concern(names); });
}

}  // namespace highwater::proxy
