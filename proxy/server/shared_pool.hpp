#pragma once

// What the workers' pools of the same key share: the limit, and the queue of those who wait, in whichever worker. All
// members may be called from any thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "routing/cluster_view.hpp"

namespace highwater::proxy {

struct pool_key {
  routing::node_index node;
  std::string user;
  std::string database;
  auto operator<=>(const pool_key&) const = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
};

class pool;

class shared_pool {
public:
  shared_pool(unsigned limit) : limit_(limit) {}

  // Another limit is in force. What is open beyond it closes when it is given back.
  void limit(unsigned most) noexcept { limit_.store(most, std::memory_order_relaxed); }
  bool crowded() const noexcept { return open() > limit_.load(std::memory_order_relaxed); }

  bool try_open() noexcept;
  // Gives a place back; a waiting pool may use it.
  void closed();
  // A place may be free, or somebody's turn was in vain: the next one shall look.
  void pass_on();

  unsigned open() const noexcept { return open_.load(std::memory_order_seq_cst); }
  bool anybody_waits() const noexcept { return waiting_.load(std::memory_order_seq_cst) != 0; }
  // One entry for each who waits there, at most.
  void wait(pool& who);
  void stop_waiting(pool& who);
  void stop_all_waiting(pool& who);
  std::shared_ptr<pool> next_waiting();

  void join(pool& who);
  void leave(pool& who);
  void ask_others(pool& asking);

  // What a login reports that has just been made. True if the last one reported something else.
  bool reports(std::uint64_t digest) noexcept {
    const auto before = reported_.exchange(digest, std::memory_order_relaxed);
    return before != 0 && before != digest;
  }

private:
  std::atomic<std::uint64_t> reported_{0};
  std::atomic<unsigned> limit_;
  std::atomic<unsigned> open_{0};
  std::atomic<unsigned> waiting_{0};
  std::mutex mutex_;  // of what follows
  std::deque<pool*> queue_;
  std::vector<pool*> members_;
};

class shared_pools {
public:
  explicit shared_pools(unsigned limit) : limit_(limit) {}
  std::shared_ptr<shared_pool> get(const pool_key& key);
  void limit(unsigned most);

private:
  unsigned limit_;
  std::mutex mutex_;
  std::map<pool_key, std::weak_ptr<shared_pool>> pools_;  // their pools keep them
  std::size_t sweep_at_ = 64;
};

}  // namespace highwater::proxy
