#pragma once

// The places at one node, for which all workers' pools ask: see place_ledger, which decides. From any thread.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/server/place_ledger.hpp"

namespace highwater::proxy {

class shared_pool;

class connection_places {
public:
  void join(shared_pool& who);
  void leave(shared_pool& who);
  void limit(shared_pool& who, const config::server_limits& most);

  // False: it wants one from then on, and is told to look when it may have one; others are told that somebody wants it.
  bool take(shared_pool& who, routing::instant now);
  void give_back(shared_pool& who);
  void want_no_more(shared_pool& who);

  // Somebody wants one, or there are too many.
  bool others_matter() const noexcept { return others_matter_.load(std::memory_order_relaxed); }
  bool gives_idle(const shared_pool& giver, routing::instant::duration idle_for);
  bool gives_used(const shared_pool& giver, routing::instant now);
  place_ledger::bound full(const shared_pool& who);

private:
  // The next one, if there is a place for it. Not to be told with the lock held.
  std::shared_ptr<shared_pool> next();
  static void tell(const std::shared_ptr<shared_pool>& next);

  std::mutex mutex_;
  place_ledger ledger_;
  std::vector<shared_pool*> all_;
  bool too_many_ = false;
  std::atomic<bool> others_matter_{false};
};

}  // namespace highwater::proxy
