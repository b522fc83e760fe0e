#pragma once

// What any session of this process has been told of: the floor of `causal`. Written by all workers, without locks on
// the way of a statement.

#include <atomic>
#include <memory>
#include <mutex>

#include "routing/floors.hpp"

namespace highwater::proxy {

class domain {
public:
  // Rule 22: whoever was served before `started` was told of things that this process knows nothing of.
  // `places`: that nodes may come to have.
  domain(std::size_t places, routing::instant started) : reads_(std::make_unique<node_reads[]>(places)) {
    raise(written_, started);
    raise(ended_, started);
  }

  // Must be called before the first byte of what is told is on its way.
  void told_of_write(routing::instant when) noexcept { raise(written_, when); }
  void told_of_read(routing::node_index node, routing::incarnation_id incarnation, routing::instant when) noexcept {
    auto& reads = reads_[node];
    if (reads.incarnation.load() != incarnation) begin_life(node, incarnation);
    raise(reads.last, when);
    // Another thread may have begun another life meanwhile, too early to see this moment.
    if (reads.incarnation.load() != incarnation) ended(when);
  }

  void snapshot(routing::domain_floors& into) const {
    into.reads.resize(read_.load());
    for (std::size_t node = 0; node < into.reads.size(); ++node) {
      into.reads[node].incarnation = reads_[node].incarnation.load();
      into.reads[node].last = load(reads_[node].last);
    }
    into.ended = load(ended_);
    into.written = load(written_);  // last: whoever sees a life sees what was taken over from the one before
  }

private:
  using ticks = routing::instant::rep;
  struct alignas(64) node_reads {
    std::atomic<ticks> last{routing::never.time_since_epoch().count()};
    std::atomic<routing::incarnation_id> incarnation{0};
  };

  // What a life has shown binds the next one, which may have less, as a write does: a read at a lower level may be the
  // first to tell of it. No life stands there until that is done, so that whoever looks meanwhile asks for everything.
  void begin_life(routing::node_index node, routing::incarnation_id incarnation) noexcept {
    const std::scoped_lock lock(lives_);
    auto& reads = reads_[node];
    if (node >= read_.load()) read_.store(node + std::size_t{1});
    reads.incarnation.store(0);
    ended(load(reads.last));
    reads.incarnation.store(incarnation);
  }

  // What was shown before binds, and the primary may not show it yet (rule 9).
  void ended(routing::instant last) noexcept {
    raise(ended_, last);
    raise(written_, last);
  }

  // Sequentially consistent throughout: told_of_read() and begin_life() must not both miss what the other has stored.
  static void raise(std::atomic<ticks>& mark, routing::instant when) noexcept {
    const auto to = when.time_since_epoch().count();
    auto from = mark.load();
    while (from < to && !mark.compare_exchange_weak(from, to)) {
    }
  }
  static routing::instant load(const std::atomic<ticks>& mark) noexcept {
    return routing::instant(routing::duration(mark.load()));
  }

  std::mutex lives_;                  // of begin_life, which is rare
  std::atomic<std::size_t> read_{0};  // nobody has read at this place, or behind it
  alignas(64) std::atomic<ticks> written_{routing::never.time_since_epoch().count()};
  std::atomic<ticks> ended_{routing::never.time_since_epoch().count()};
  std::unique_ptr<node_reads[]> reads_;
};

}  // namespace highwater::proxy
