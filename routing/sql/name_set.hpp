#pragma once

// Names by their hashes, without schemas: small enough to be kept with every verdict, and to find out whether anything
// that a verdict rests on has been changed since. Two names of the same hash count as one: the verdict is doubted for
// nothing then.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace highwater::sql {

class name_set {
public:
  void add(std::string_view name) {
    if (!name.empty()) add(static_cast<std::uint32_t>(std::hash<std::string_view>{}(name)));
  }
  void add(const name_set& others) {
    for (const auto each : others.hashes_) add(each);
  }
  bool empty() const noexcept { return hashes_.empty(); }
  std::size_t size() const noexcept { return hashes_.size(); }
  bool meets(const name_set& other) const noexcept {
    auto a = hashes_.begin();
    auto b = other.hashes_.begin();
    while (a != hashes_.end() && b != other.hashes_.end()) {
      if (*a == *b) return true;
      *a < *b ? ++a : ++b;
    }
    return false;
  }

private:
  void add(std::uint32_t hash) {
    const auto place = std::ranges::lower_bound(hashes_, hash);
    if (place == hashes_.end() || *place != hash) hashes_.insert(place, hash);
  }

  std::vector<std::uint32_t> hashes_;  // in order
};

// What DDL may have changed the meaning of.
struct touched_names {
  bool everything = false;
  name_set names;

  bool any() const noexcept { return everything || !names.empty(); }
  void add(const touched_names& more) {
    everything |= more.everything;
    names.add(more.names);
  }
  bool concern(const name_set& others) const noexcept { return (everything && !others.empty()) || names.meets(others); }
};

}  // namespace highwater::sql
