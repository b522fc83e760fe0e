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
    const auto found = changing_.find(id);
    return found != changing_.end() && found->second.first_in != exchange;
  }

  // A Parse has been sent in the exchange of this number.
  void add(statement_id id, std::uint64_t exchange = 0) {
    if (id == 0 || knows(id)) return;
    places_.emplace(id, by_use_.insert(by_use_.end(), {id}));
    change(id, false, exchange);
  }
  void describe(statement_id id, description_ptr as) noexcept {
    if (auto* found = find(id)) found->described = std::move(as);
  }
  // A Close has been sent.
  void close(statement_id id, std::uint64_t exchange) {
    auto as = described(id);
    remove(id);
    auto& now = change(id, true, exchange);
    if (as) now.described = std::move(as);
  }
  // One of them has been answered, or passed over.
  void parsed(statement_id id) { answered(id, true); }
  void closed(statement_id id) { answered(id, false); }
  void skipped(statement_id id) {
    const auto found = changing_.find(id);
    if (found != changing_.end()) answered(id, found->second.there);
  }
  void remove(statement_id id) noexcept {
    const auto found = places_.find(id);
    if (found == places_.end()) return;
    by_use_.erase(found->second);
    places_.erase(found);
  }
  // The server has dropped all that it had; what was sent behind that is yet to come.
  void drop_parsed() {
    std::erase_if(by_use_, [&](const entry& one) { return !changing_.contains(one.id) && places_.erase(one.id) != 0; });
    for (auto& [id, one] : changing_) one.there = false;
  }
  void clear() noexcept {
    places_.clear();
    by_use_.clear();
    changing_.clear();
  }

  std::size_t count() const noexcept { return places_.size(); }
  // The one to close when there are more than `most`, or 0.
  statement_id surplus(std::size_t most) const noexcept { return places_.size() <= most ? 0 : by_use_.front().id; }

private:
  struct entry {
    statement_id id = 0;
    description_ptr described = nullptr;
  };
  // What the server has done of it, and how much of what was sent it has not answered yet.
  struct changes {
    bool there = false;
    std::uint32_t unanswered = 0;
    std::uint64_t first_in = 0;
    description_ptr described = nullptr;  // what was there, for as long as a Close of it may be passed over
  };
  changes& change(statement_id id, bool there, std::uint64_t exchange) {
    auto& now = changing_.try_emplace(id, changes{there, 0, exchange}).first->second;
    ++now.unanswered;
    return now;
  }
  void answered(statement_id id, bool there) {
    const auto found = changing_.find(id);
    if (found == changing_.end()) return;
    auto& now = found->second;
    now.there = there;
    if (!there) now.described = nullptr;
    if (--now.unanswered != 0) return;
    auto as = std::move(now.described);
    changing_.erase(found);
    if (!there) return remove(id);
    if (!places_.contains(id)) places_.emplace(id, by_use_.insert(by_use_.end(), {id}));
    if (as) describe(id, std::move(as));
  }
  const entry* find(statement_id id) const noexcept {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &*found->second;
  }
  entry* find(statement_id id) noexcept { return const_cast<entry*>(std::as_const(*this).find(id)); }

  std::list<entry> by_use_;  // the last one used last
  boost::unordered_flat_map<statement_id, std::list<entry>::iterator> places_;
  boost::unordered_flat_map<statement_id, changes> changing_;  // few: not answered yet
};

}  // namespace highwater::proxy
