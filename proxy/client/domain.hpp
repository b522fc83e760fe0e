#pragma once

// What any session of this process has been told of: the floor of `causal`. Written by all workers, without locks.

#include <atomic>
#include <memory>

#include "routing/floors.hpp"

namespace highwater::proxy {

class domain {
public:
  explicit domain(std::size_t nodes) : nodes_(nodes), reads_(std::make_unique<node_reads[]>(nodes)) {}

  // Must be called before the first byte of what is told is on its way.
  void told_of_write(routing::instant when) noexcept { raise(written_, when); }
  void told_of_read(routing::node_index node, routing::incarnation_id incarnation, routing::instant when) noexcept {
    auto& reads = reads_[node];
    // Order matters for snapshot(): whoever sees the moment sees an incarnation at least as old, which asks for more.
    if (reads.incarnation.load(std::memory_order_relaxed) != incarnation) {
      reads.incarnation.store(incarnation, std::memory_order_release);
    }
    raise(reads.last, when);
  }

  void snapshot(routing::domain_floors& into) const {
    into.written = load(written_);
    into.reads.resize(nodes_);
    for (std::size_t node = 0; node < nodes_; ++node) {
      into.reads[node].incarnation = reads_[node].incarnation.load(std::memory_order_acquire);
      into.reads[node].last = load(reads_[node].last);
    }
  }

private:
  using ticks = routing::instant::rep;
  struct alignas(64) node_reads {
    std::atomic<ticks> last{routing::never.time_since_epoch().count()};
    std::atomic<routing::incarnation_id> incarnation{0};
  };

  static void raise(std::atomic<ticks>& mark, routing::instant when) noexcept {
    const auto to = when.time_since_epoch().count();
    auto from = mark.load(std::memory_order_relaxed);
    while (from < to && !mark.compare_exchange_weak(from, to, std::memory_order_acq_rel)) {
    }
  }
  static routing::instant load(const std::atomic<ticks>& mark) noexcept {
    return routing::instant(routing::duration(mark.load(std::memory_order_acquire)));
  }

  std::size_t nodes_;
  alignas(64) std::atomic<ticks> written_{routing::never.time_since_epoch().count()};
  std::unique_ptr<node_reads[]> reads_;
};

}  // namespace highwater::proxy
