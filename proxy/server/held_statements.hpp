#pragma once

// Which prepared statements a server connection has, what the server said of them, and which of them to give up when
// there are too many: the one whose last use is longest ago. Everything takes the same time, however many there are.

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/wire/description.hpp"

namespace highwater::proxy {

// Names one statement text on all servers; unique within the process, 0 is none.
using statement_id = std::uint64_t;

using description_ptr = std::shared_ptr<const wire::description>;

class held_statements {
public:
  // Counts as a use. Also of what has been asked for and not answered yet.
  bool knows(statement_id id) noexcept {
    const auto found = places_.find(id);
    if (found == places_.end()) return false;
    by_use_.splice(by_use_.end(), by_use_, found->second);
    return true;
  }
  // As the server described it; null while it has not.
  description_ptr described(statement_id id) const noexcept {
    const auto* found = find(id);
    return found == nullptr ? nullptr : found->described;
  }

  // Does that depend on what becomes of an exchange before this one? Behind an error the server passes over what was
  // sent there, and does what is sent behind its Sync.
  bool in_doubt(statement_id id, std::uint64_t exchange) const noexcept {
    const auto* held = find(id);
    if (held != nullptr && !held->there && held->sent_in != exchange) return true;
    return std::ranges::any_of(closing_, [&](const auto& one) { return one.id == id && one.sent_in != exchange; });
  }

  // A Parse has been sent in the exchange of this number; it has been answered; so has a Describe.
  void add(statement_id id, std::uint64_t exchange = 0) {
    if (id == 0 || knows(id)) return;
    places_.emplace(id, by_use_.insert(by_use_.end(), {id, exchange}));
  }
  void parsed(statement_id id) noexcept {
    if (auto* found = find(id)) found->there = true;
  }
  void describe(statement_id id, description_ptr as) noexcept {
    if (auto* found = find(id)) found->described = std::move(as);
  }
  // A Close has been sent; it has been answered, or passed over.
  void close(statement_id id, std::uint64_t exchange) {
    remove(id);
    closing_.push_back({id, exchange});
  }
  void closed(statement_id id) noexcept {
    const auto found = std::ranges::find(closing_, id, &closing::id);
    if (found != closing_.end()) closing_.erase(found);
  }
  void remove(statement_id id) noexcept {
    const auto found = places_.find(id);
    if (found == places_.end()) return;
    by_use_.erase(found->second);
    places_.erase(found);
  }
  // The server has dropped all that it had; what was sent behind that is yet to come.
  void drop_parsed() {
    std::erase_if(by_use_, [&](const entry& one) { return one.there && places_.erase(one.id) != 0; });
  }
  void clear() noexcept {
    places_.clear();
    by_use_.clear();
    closing_.clear();
  }

  // The one to close when there are more than `most`, or 0.
  statement_id surplus(std::size_t most) const noexcept { return places_.size() <= most ? 0 : by_use_.front().id; }

private:
  struct entry {
    statement_id id = 0;
    std::uint64_t sent_in = 0;
    bool there = false;
    description_ptr described = nullptr;
  };
  struct closing {
    statement_id id = 0;
    std::uint64_t sent_in = 0;
  };
  const entry* find(statement_id id) const noexcept {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &*found->second;
  }
  entry* find(statement_id id) noexcept { return const_cast<entry*>(std::as_const(*this).find(id)); }

  std::list<entry> by_use_;  // the last one used last
  boost::unordered_flat_map<statement_id, std::list<entry>::iterator> places_;
  std::vector<closing> closing_;  // few: not answered yet
};

}  // namespace highwater::proxy
