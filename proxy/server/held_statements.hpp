#pragma once

// Which prepared statements a server connection has, what the server said of them, and which of them to give up when
// there are too many: the one whose last use is longest ago.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>

#include "proxy/wire/description.hpp"

namespace highwater::proxy {

// Names one statement text on all servers; unique within the process, 0 is none.
using statement_id = std::uint64_t;

using description_ptr = std::shared_ptr<const wire::description>;

class held_statements {
public:
  // Counts as a use. Also of what has been asked for and not answered yet.
  bool knows(statement_id id) noexcept {
    const auto found = held_.find(id);
    if (found == held_.end()) return false;
    found->second.used = ++uses_;
    return true;
  }
  // As the server described it; null while it has not.
  description_ptr described(statement_id id) const noexcept {
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : found->second.described;
  }

  // A Parse has been sent; it has been answered; so has a Describe.
  void add(statement_id id) {
    if (id != 0) held_[id].used = ++uses_;
  }
  void parsed(statement_id id) noexcept {
    if (const auto found = held_.find(id); found != held_.end()) found->second.there = true;
  }
  void describe(statement_id id, description_ptr as) noexcept {
    if (const auto found = held_.find(id); found != held_.end()) found->second.described = std::move(as);
  }
  void remove(statement_id id) noexcept { held_.erase(id); }
  // The server has dropped all that it had; what was sent behind that is yet to come.
  void drop_parsed() {
    boost::unordered::erase_if(held_, [](const auto& one) { return one.second.there; });
  }
  void clear() noexcept { held_.clear(); }

  // The one to close when there are more than `most`, or 0.
  statement_id surplus(std::size_t most) const noexcept {
    if (held_.size() <= most) return 0;
    statement_id oldest = 0;
    std::uint64_t least = UINT64_MAX;
    for (const auto& [id, one] : held_) {
      if (one.used >= least) continue;
      least = one.used;
      oldest = id;
    }
    return oldest;
  }

private:
  struct entry {
    std::uint64_t used = 0;
    bool there = false;
    description_ptr described;
  };
  boost::unordered_flat_map<statement_id, entry> held_;
  std::uint64_t uses_ = 0;
};

}  // namespace highwater::proxy
