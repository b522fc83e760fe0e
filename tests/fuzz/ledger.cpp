#include "tests/fuzz/ledger.hpp"

#include <algorithm>

namespace highwater::fuzz {
namespace {

bool is_query(ask what) {
  return what == ask::query || what == ask::barrier;
}
bool ends_with_ready(ask what) {
  return is_query(what) || what == ask::sync;
}
bool is_of_copy(ask what) {
  return what == ask::copy_data || what == ask::copy_done || what == ask::copy_fail;
}

}  // namespace

void ledger::sent(ask what) {
  asked_.push_back(what);
  drop_silent();
}

// What gets no answer of its own, where the server gets to it.
void ledger::drop_silent() {
  if (copying_in_) {
    // The front one is what copies. Up to its end the server takes data, and ignores Flush and Sync.
    while (copying_in_ && asked_.size() > 1) {
      const auto next = asked_[1];
      if (!is_of_copy(next) && next != ask::flush && next != ask::sync) return;
      asked_.erase(asked_.begin() + 1);
      copying_in_ = next != ask::copy_done && next != ask::copy_fail;
    }
    return;
  }
  while (!asked_.empty()) {
    const auto next = asked_.front();
    // Before a barrier there is always a Sync, though it may have been taken for one that a copy has swallowed.
    if (next == ask::barrier) return;
    const bool ignored = skipping_ ? next != ask::sync : is_of_copy(next) || next == ask::flush;
    if (!ignored) return;
    asked_.pop_front();
  }
}

bool ledger::settled() const {
  if (copying_in_ && asked_.size() == 1) return true;
  return std::none_of(asked_.begin(), asked_.end(),
                      [](ask what) { return ends_with_ready(what) || what == ask::flush; });
}

void ledger::failed() {
  copying_in_ = false;
  if (asked_.empty() || is_query(asked_.front())) return;
  if (asked_.front() == ask::sync) return;  // of the commit that it makes
  skipping_ = true;
  asked_.pop_front();
}

void ledger::ready() {
  skipping_ = copying_in_ = false;
  const auto end = std::find_if(asked_.begin(), asked_.end(), ends_with_ready);
  if (end == asked_.end()) return;
  // Of a Sync that was taken for one that the copy had swallowed.
  if (*end == ask::barrier && !barrier_answered_) return;
  barrier_answered_ = false;
  asked_.erase(asked_.begin(), end + 1);
}

void ledger::received(char type) {
  const auto front_is = [&](ask one, ask other) {
    return !asked_.empty() && (asked_.front() == one || asked_.front() == other);
  };
  switch (type) {
    case 'Z':
      ready();
      break;
    case 'E':
      failed();
      break;
    case 'G':
      copying_in_ = true;
      break;
    case 'I':
      if (const auto at = std::find(asked_.begin(), asked_.end(), ask::barrier); at != asked_.end()) {
        asked_.erase(asked_.begin(), at);
        barrier_answered_ = true;
      }
      break;
    case '1':
      if (front_is(ask::parse, ask::parse)) asked_.pop_front();
      break;
    case '2':
      if (front_is(ask::bind, ask::bind)) asked_.pop_front();
      break;
    case '3':
      if (front_is(ask::close_statement, ask::close_portal)) asked_.pop_front();
      break;
    case 'T':
    case 'n':
      if (front_is(ask::describe_statement, ask::describe_portal)) asked_.pop_front();
      break;
    case 'C':
    case 's':
      if (front_is(ask::execute, ask::execute)) asked_.pop_front();
      break;
    default:
      break;
  }
  drop_silent();
}

}  // namespace highwater::fuzz
