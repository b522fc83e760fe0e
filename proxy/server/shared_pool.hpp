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

#include "config/allowed.hpp"
#include "proxy/server/connection_places.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

struct pool_key {
  routing::node_index node;
  std::string user;
  std::string database;
  auto operator<=>(const pool_key&) const = default;  // NOLINT(modernize-use-nullptr): the compiler's own 0
};

class pool;

class shared_pool final : public place_account, public std::enable_shared_from_this<shared_pool> {
public:
  shared_pool(const pool_key& key, std::shared_ptr<connection_places> at);
  ~shared_pool();

  // Other limits are in force. What is open beyond them closes when it is given back.
  void adopt(const config::config& settings);

  // `patient`: nobody has waited for so long that the reserve is theirs. False: if there is no place at the node, this
  // is told later that there may be one.
  bool try_open(bool patient, routing::instant now);
  // One of the workers needs none.
  void need_no_place() {
    if (!anybody_waits()) places_->want_no_more(*this);
  }
  // Gives a place back; a waiting pool may use it.
  void closed();
  // More than there may be of them; or, when nobody waits, more than shall be.
  bool crowded() const noexcept { return open() > limit_.load(std::memory_order_relaxed) + reserve(); }
  bool in_reserve() const noexcept { return open() > limit_.load(std::memory_order_relaxed); }
  // Others need the place of one that has come round: for which somebody waits here, or which has been idle for so
  // long.
  bool gives_used(routing::instant now) { return places_->gives_used(*this, now); }
  bool gives_idle(routing::instant::duration idle_for) { return places_->gives_idle(*this, idle_for); }
  // What hinders it, if it is not its own limit.
  place_ledger::bound full() {
    const bool own = open() >= limit_.load(std::memory_order_relaxed) + reserve();
    return own ? place_ledger::bound::none : places_->full(*this);
  }
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
  // Others would have the places of connections that nobody needs.
  void ask_for_idle();

  // What a login reports that has just been made. True if the last one reported something else.
  bool reports(std::uint64_t digest) noexcept {
    const auto before = reported_.exchange(digest, std::memory_order_relaxed);
    return before != 0 && before != digest;
  }

private:
  unsigned reserve() const noexcept { return reserve_.load(std::memory_order_relaxed); }

  const std::shared_ptr<connection_places> places_;
  std::atomic<std::uint64_t> reported_{0};
  std::atomic<unsigned> limit_{0};
  std::atomic<unsigned> reserve_{0};
  std::atomic<unsigned> open_{0};
  std::atomic<unsigned> waiting_{0};
  std::mutex mutex_;  // of what follows
  std::deque<pool*> queue_;
  std::vector<pool*> members_;
};

class shared_pools {
public:
  explicit shared_pools(std::shared_ptr<const config::config> settings) : settings_(std::move(settings)) {}
  std::shared_ptr<shared_pool> get(const pool_key& key);
  void adopt(std::shared_ptr<const config::config> settings);

private:
  std::mutex mutex_;
  std::shared_ptr<const config::config> settings_;
  std::map<pool_key, std::weak_ptr<shared_pool>> pools_;  // their pools keep them
  std::map<routing::node_index, std::shared_ptr<connection_places>> places_;
  std::size_t sweep_at_ = 64;
};

}  // namespace highwater::proxy
