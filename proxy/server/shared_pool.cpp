#include "proxy/server/shared_pool.hpp"

#include <algorithm>

#include "proxy/server/pool.hpp"

namespace highwater::proxy {

shared_pool::shared_pool(const pool_key& key, std::shared_ptr<connection_places> at)
    : place_account(key.user, key.database), places_(std::move(at)) {
  places_->join(*this);
}

shared_pool::~shared_pool() {
  places_->leave(*this);
}

void shared_pool::adopt(const config::config& settings) {
  const auto pool = config::allowed_to(settings, user, database).pool;
  limit_.store(pool.size, std::memory_order_relaxed);
  reserve_.store(pool.reserve, std::memory_order_relaxed);
  places_->limit(*this, config::server_limits_of(settings.limits, user, database));
}

bool shared_pool::try_open(bool patient, routing::instant now) {
  const auto most = limit_.load(std::memory_order_relaxed) + (patient ? 0 : reserve());
  auto open = open_.load(std::memory_order_seq_cst);
  while (open < most) {
    if (!open_.compare_exchange_weak(open, open + 1, std::memory_order_acq_rel)) continue;
    if (places_->take(*this, now)) return true;
    open_.fetch_sub(1, std::memory_order_seq_cst);
    return false;
  }
  need_no_place();
  return false;
}

void shared_pool::closed() {
  open_.fetch_sub(1, std::memory_order_seq_cst);
  places_->give_back(*this);
  pass_on();
}

void shared_pool::pass_on() {
  if (auto next = next_waiting()) return pool::pump_there(std::move(next));
  places_->want_no_more(*this);
  // Who has come to wait meanwhile wants one again.
  if (auto next = next_waiting()) pool::pump_there(std::move(next));
}

void shared_pool::wait(pool& who) {
  const std::scoped_lock lock(mutex_);
  if (who.queued_ >= who.waiting()) return;
  queue_.push_back(&who);
  ++who.queued_;
  waiting_.fetch_add(1, std::memory_order_seq_cst);
}

void shared_pool::stop_waiting(pool& who) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), &who);
  if (found == queue_.end()) return;
  queue_.erase(found);
  --who.queued_;
  waiting_.fetch_sub(1, std::memory_order_acq_rel);
}

std::shared_ptr<pool> shared_pool::next_waiting() {
  if (!anybody_waits()) return nullptr;
  const std::scoped_lock lock(mutex_);
  while (!queue_.empty()) {
    auto* first = queue_.front();
    queue_.pop_front();
    --first->queued_;
    waiting_.fetch_sub(1, std::memory_order_acq_rel);
    if (auto still_there = first->weak_from_this().lock()) return still_there;
  }
  return nullptr;
}

void shared_pool::join(pool& who) {
  const std::scoped_lock lock(mutex_);
  members_.push_back(&who);
}

void shared_pool::leave(pool& who) {
  const std::scoped_lock lock(mutex_);
  std::erase(members_, &who);
  const auto gone = std::erase(queue_, &who);
  who.queued_ = 0;
  waiting_.fetch_sub(static_cast<unsigned>(gone), std::memory_order_acq_rel);
}

void shared_pool::stop_all_waiting(pool& who) {
  const std::scoped_lock lock(mutex_);
  const auto gone = std::erase(queue_, &who);
  who.queued_ = 0;
  waiting_.fetch_sub(static_cast<unsigned>(gone), std::memory_order_acq_rel);
}

void shared_pool::ask_others(pool& asking) {
  const std::scoped_lock lock(mutex_);
  for (auto* other : members_) {
    if (other == &asking) continue;
    other->loop().post([weak = other->weak_from_this()] {
      if (const auto still_there = weak.lock()) still_there->offer();
    });
  }
}

void shared_pool::ask_for_idle() {
  const std::scoped_lock lock(mutex_);
  for (auto* member : members_) {
    member->loop().post([weak = member->weak_from_this()] {
      if (const auto still_there = weak.lock()) still_there->spare_idle();
    });
  }
}

void shared_pools::adopt(std::shared_ptr<const config::config> settings) {
  std::vector<std::shared_ptr<shared_pool>> all;
  {
    const std::scoped_lock lock(mutex_);
    settings_ = settings;
    for (const auto& [key, weak] : pools_) {
      if (auto one = weak.lock()) all.push_back(std::move(one));
    }
  }
  for (const auto& one : all) one->adopt(*settings);
}

std::shared_ptr<shared_pool> shared_pools::get(const pool_key& key) {
  const std::scoped_lock lock(mutex_);
  if (pools_.size() >= sweep_at_) {
    std::erase_if(pools_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * pools_.size());
  }
  auto& known = pools_[key];
  auto found = known.lock();
  if (found) return found;
  auto& at = places_[key.node];
  if (!at) at = std::make_shared<connection_places>();
  known = found = std::make_shared<shared_pool>(key, at);
  found->adopt(*settings_);
  return found;
}

}  // namespace highwater::proxy
