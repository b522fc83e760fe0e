#include "proxy/server/connection_places.hpp"

#include "proxy/server/shared_pool.hpp"

namespace highwater::proxy {

void connection_places::join(shared_pool& who) {
  const std::scoped_lock lock(mutex_);
  ledger_.add(who);
  all_.push_back(&who);
}

void connection_places::leave(shared_pool& who) {
  std::shared_ptr<shared_pool> first;
  {
    const std::scoped_lock lock(mutex_);
    ledger_.remove(who);
    std::erase(all_, &who);
    first = next();
  }
  tell(first);
}

void connection_places::limit(shared_pool& who, const config::server_limits& most) {
  std::shared_ptr<shared_pool> first;
  {
    const std::scoped_lock lock(mutex_);
    who.limits = most;
    too_many_ = ledger_.anybody_has_too_many();
    first = next();
  }
  tell(first);
  if (others_matter()) who.ask_for_idle();
}

bool connection_places::take(shared_pool& who, routing::instant now) {
  std::vector<std::shared_ptr<shared_pool>> others;
  std::shared_ptr<shared_pool> first;
  bool taken = false;
  {
    const std::scoped_lock lock(mutex_);
    taken = ledger_.take(who);
    if (!taken && !who.wants()) {
      who.wants_since = now;
      for (auto* one : all_) {
        if (auto there = one->weak_from_this().lock(); there && one != &who) others.push_back(std::move(there));
      }
    }
    first = next();
  }
  for (const auto& one : others) one->ask_for_idle();
  if (first.get() != &who) tell(first);
  return taken;
}

void connection_places::give_back(shared_pool& who) {
  std::shared_ptr<shared_pool> first;
  {
    const std::scoped_lock lock(mutex_);
    ledger_.give_back(who);
    if (too_many_) too_many_ = ledger_.anybody_has_too_many();
    first = next();
  }
  tell(first);
}

void connection_places::want_no_more(shared_pool& who) {
  if (!others_matter()) return;
  std::shared_ptr<shared_pool> first;
  {
    const std::scoped_lock lock(mutex_);
    who.wants_since = routing::never;
    first = next();
  }
  tell(first);
}

bool connection_places::gives_idle(const shared_pool& giver, routing::instant::duration idle_for) {
  if (!others_matter()) return false;
  const std::scoped_lock lock(mutex_);
  return ledger_.gives_idle(giver, idle_for);
}

bool connection_places::gives_used(const shared_pool& giver, routing::instant now) {
  if (!others_matter()) return false;
  const std::scoped_lock lock(mutex_);
  return ledger_.gives_used(giver, now);
}

place_ledger::bound connection_places::full(const shared_pool& who) {
  const std::scoped_lock lock(mutex_);
  return ledger_.full(who);
}

std::shared_ptr<shared_pool> connection_places::next() {
  others_matter_.store(too_many_ || ledger_.anybody_wants(), std::memory_order_relaxed);
  auto* const first = static_cast<shared_pool*>(ledger_.next());
  return first == nullptr ? nullptr : first->weak_from_this().lock();
}

void connection_places::tell(const std::shared_ptr<shared_pool>& next) {
  if (next) next->pass_on();
}

}  // namespace highwater::proxy
