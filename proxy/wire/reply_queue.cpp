#include "proxy/wire/reply_queue.hpp"

#include <utility>

namespace highwater::wire {

void reply_queue::grow() {
  std::vector<expected_reply> larger(ring_.size() * 2);
  for (std::size_t i = 0; i < size_; ++i) larger[i] = at(i);
  ring_ = std::move(larger);
  head_ = 0;
}

std::size_t reply_queue::forget_syncs_after_front() {
  for (std::size_t i = 1; i < size_; ++i) {
    if (at(i).kind != reply_kind::sync && !is_local(at(i).kind)) return 0;
  }
  std::size_t kept = 1;
  for (std::size_t i = 1; i < size_; ++i) {
    const auto what = at(i);
    if (what.kind == reply_kind::sync) {
      --ready_count_;
    } else {
      ring_[(head_ + kept++) & (ring_.size() - 1)] = what;
    }
  }
  const auto forgotten = size_ - kept;
  size_ = kept;
  left_open_ = !ends_with_ready(at(kept - 1).kind);
  return forgotten;
}

}  // namespace highwater::wire
