#pragma once

// Which prepared statements a server connection has, and which of them to give up when there are too many: the one
// whose last use is longest ago.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>

namespace highwater::proxy {

// Names one statement text on all servers; unique within the process, 0 is none.
using statement_id = std::uint32_t;

class held_statements {
public:
  // Counts as a use.
  bool knows(statement_id id) noexcept {
    const auto found = last_used_.find(id);
    if (found == last_used_.end()) return false;
    found->second = ++uses_;
    return true;
  }
  void add(statement_id id) {
    if (id != 0) last_used_[id] = ++uses_;
  }
  void remove(statement_id id) noexcept { last_used_.erase(id); }
  void clear() noexcept { last_used_.clear(); }

  // The one to close when there are more than `most`, or 0.
  statement_id surplus(std::size_t most) const noexcept {
    if (last_used_.size() <= most) return 0;
    statement_id oldest = 0;
    std::uint64_t least = UINT64_MAX;
    for (const auto& [id, used] : last_used_) {
      if (used >= least) continue;
      least = used;
      oldest = id;
    }
    return oldest;
  }

private:
  boost::unordered_flat_map<statement_id, std::uint64_t> last_used_;
  std::uint64_t uses_ = 0;
};

}  // namespace highwater::proxy
