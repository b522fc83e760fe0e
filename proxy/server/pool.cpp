#include "proxy/server/pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "proxy/io/log_text.hpp"

namespace highwater::proxy {

using metrics::connection_state;

bool shared_pool::try_open() noexcept {
  auto open = open_.load(std::memory_order_seq_cst);
  while (open < limit_) {
    if (open_.compare_exchange_weak(open, open + 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

void shared_pool::closed() {
  open_.fetch_sub(1, std::memory_order_seq_cst);
  pass_on();
}

namespace {

// A pool belongs to its thread, where it also ends: whoever else has got hold of it hands it over, and keeps nothing.
void pump_there(std::shared_ptr<pool> which) {
  auto& there = which->io();
  boost::asio::post(there, [which = std::move(which)] { which->pump(); });
}

}  // namespace

void shared_pool::pass_on() {
  if (auto next = next_waiting()) pump_there(std::move(next));
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
    boost::asio::post(other->io(), [weak = other->weak_from_this()] {
      if (const auto still_there = weak.lock()) still_there->offer();
    });
  }
}

std::shared_ptr<shared_pool> shared_pools::get(const pool_key& key) {
  const std::scoped_lock lock(mutex_);
  if (pools_.size() >= sweep_at_) {
    std::erase_if(pools_, [](const auto& one) { return one.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * pools_.size());
  }
  auto& known = pools_[key];
  auto found = known.lock();
  if (!found) known = found = std::make_shared<shared_pool>(limit_);
  return found;
}

pool::pool(pool_environment& environment, pool_key key)
    : environment_(environment), key_(std::move(key)), shared_(environment.shared.get(key_)) {
  shared_->join(*this);
}

pool::~pool() {
  retire();
}

void pool::retire() {
  if (std::exchange(retired_, true)) return;
  environment_.connections.timers.cancel(retry_);
  shared_->leave(*this);
  waiters_.clear();
  idle_.clear();
  leaving_.clear();
  all_.clear();
}

void pool::look_for_changes() {
  const auto& all = environment_.outdated;
  const auto version = all.version();
  if (std::exchange(outdated_version_, version) == version) return;
  outdated_since_ = all.since(key_.node, key_.user, key_.database);
  held_ = all.held(key_.database);
  // Whoever was refused before may be let in now.
  if (!refusal_ || refused_ >= outdated_since_) return;
  refusal_.reset();
  quiet_until_ = {};
}

// Would it be another one if it were begun now?
bool pool::outdated(const server_connection& connection) {
  look_for_changes();
  if (connection.session().begun() < outdated_since_) return true;
  // Whoever it has been made by SET ROLE, may have got another name.
  const auto role = find(*connection.session().settings(), "role");
  return role &&
         connection.session().begun() < environment_.outdated.since(key_.node, std::string(*role), key_.database);
}

void pool::close_outdated() {
  close_idle([this](const server_connection& one) { return outdated(one); });
}

// The connection is nobody's. Whoever waits for it needs another one.
void pool::replace(server_connection& outdated) {
  outdated.close();
  bury(outdated);
  if (connecting_ < waiters_.size()) open();
}

server_connection* pool::acquire(lease_waiter& waiter) {
  if (!idle_.empty() && environment_.outdated.version() != outdated_version_) close_outdated();
  // Who came first is served first, in whichever worker.
  if (waiters_.empty() && !shared_->anybody_waits()) {
    if (auto* idle = take_idle(waiter)) {
      count(connection_state::leased, 1);
      return idle;
    }
  }
  waiters_.push_back(&waiter);
  environment_.probe.lease_queue.add();
  if (connecting_ < waiters_.size()) open();
  if (!idle_.empty()) post([this] { offer(); });
  return nullptr;
}

template <class What>
void pool::post(What what) {
  boost::asio::post(io(), [weak = weak_from_this(), what = std::move(what)]() mutable {
    if (const auto still_there = weak.lock()) what();
  });
}

// For everybody who waits, as far as there is room. After one that failed, the next has to succeed before there are
// more.
void pool::open() {
  while (connecting_ < waiters_.size() && !(failing_ && connecting_ != 0) && open_one()) {
  }
}

bool pool::open_one() {
  look_for_changes();
  if (std::chrono::steady_clock::now() < quiet_until_) {
    wait_for_others();
    return false;
  }
  if (!shared_->try_open()) {
    shared_->wait(*this);
    // A place that became free before anybody could see that somebody waits would be missed.
    if (!shared_->try_open()) {
      shared_->ask_others(*this);
      return false;
    }
    shared_->stop_waiting(*this);
  }
  ++connecting_;
  count(connection_state::connecting, 1);
  connection_home& home = *this;
  auto& made = *all_.emplace_back(std::make_unique<server_connection>(environment_.connections, home, key_.node));
  const auto& node = environment_.cluster.nodes[key_.node];
  made.connect(node.host, node.port,
               server_login(key_.user, key_.database, environment_.password_of(key_.user), environment_.nonce()));
  return true;
}

// No connection is to be had for a moment; those that are there come round.
void pool::wait_for_others() {
  if (refusal_ && (shared_->open() == 0 || !is_full(*refusal_)))
    return post([this] { tell_waiting(refusal_.value_or(server_lost("the connection failed"))); });
  shared_->wait(*this);
  shared_->ask_others(*this);
  if (retry_.number != 0) return;
  retry_ = environment_.connections.timers.schedule(quiet_until_, [this] {
    retry_ = {};
    pump();
  });
}

void pool::cancel(lease_waiter& waiter) noexcept {
  if (std::erase(waiters_, &waiter) == 0) return;
  environment_.probe.lease_queue.add(-1);
  if (waiters_.size() < connecting_ || waiters_.empty()) shared_->stop_waiting(*this);
}

// One with the wanted settings, if there is, saves a round trip; else the one used last, whose caches are warm.
server_connection* pool::take_idle(const lease_waiter& whom) {
  if (idle_.empty()) return nullptr;
  const auto first_that = [&](const auto& suits) { return std::find_if(idle_.rbegin(), idle_.rend(), suits); };
  auto chosen = idle_.rend();
  if (const auto writer = whom.wanted_writer(); writer != 0)
    chosen = first_that([&](const server_connection* one) { return one->session().writer() == writer; });
  if (chosen == idle_.rend()) {
    chosen = first_that([wanted = whom.wanted_settings()](const server_connection* one) {
      return one->session().settings() == wanted;
    });
  }
  if (chosen == idle_.rend()) chosen = idle_.rbegin();
  auto* connection = *chosen;
  idle_.erase(std::next(chosen).base());
  count(connection_state::idle, -1);
  return connection;
}

void pool::leased(server_connection& connection, lease_waiter& to) {
  environment_.probe.lease_queue.add(-1);
  count(connection_state::leased, 1);
  to.on_lease(connection);
}

void pool::put_idle(server_connection& connection) {
  if (held_) return replace(connection);
  idle_.push_back(&connection);
  count(connection_state::idle, 1);
}

// The connection is clean and nobody's.
void pool::serve_or_keep(server_connection& connection) {
  if (outdated(connection)) return replace(connection);
  auto next = shared_->next_waiting();
  while (next.get() == this && waiters_.empty()) next = shared_->next_waiting();  // who waited here has gone
  if (next != nullptr && next.get() != this) {
    leaving_.push_back(&connection);
    count(connection_state::idle, 1);
    // Not from within the connection's own call: it is about to leave this thread.
    boost::asio::post(io(), [this, self = shared_from_this(), next = std::move(next), given = &connection]() mutable {
      // Lost meanwhile; its place is free.
      if (std::erase(leaving_, given) == 0) return pump_there(std::move(next));
      count(connection_state::idle, -1);
      auto moved = given->move_to(next->environment_.connections, *next);
      remove(*given);
      auto parcel = std::make_shared<std::unique_ptr<server_connection>>(std::move(moved));
      auto& there = next->io();
      boost::asio::post(there, [next = std::move(next), parcel] { next->adopt(std::move(*parcel)); });
    });
    return;
  }
  if (waiters_.empty()) return put_idle(connection);
  auto* waiter = waiters_.front();
  waiters_.pop_front();
  leased(connection, *waiter);
}

void pool::offer() {
  if (idle_.empty() || (waiters_.empty() && !shared_->anybody_waits())) return;
  auto* connection = idle_.back();
  idle_.pop_back();
  count(connection_state::idle, -1);
  serve_or_keep(*connection);
}

void pool::adopt(std::unique_ptr<server_connection> connection) {
  auto& here = *connection;
  all_.push_back(std::move(connection));
  here.resume_after_move();
  if (waiters_.empty() || outdated(here)) return serve_or_keep(here);  // who waited here has gone; others may wait
  auto* waiter = waiters_.front();
  waiters_.pop_front();
  leased(here, *waiter);
}

void pool::pump() {
  close_outdated();
  while (!waiters_.empty() && !idle_.empty()) {
    auto* waiter = waiters_.front();
    waiters_.pop_front();
    auto* connection = take_idle(*waiter);
    leased(*connection, *waiter);
  }
  if (connecting_ < waiters_.size()) {
    open();
  } else {
    shared_->pass_on();
  }
}

std::unique_ptr<server_connection> pool::remove(server_connection& connection) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.get() == &connection; });
  if (found == all_.end()) return nullptr;
  auto taken = std::move(*found);
  *found = std::move(all_.back());
  all_.pop_back();
  return taken;
}

// Frees the place at once and the memory later: the connection may be the caller.
void pool::bury(server_connection& connection) {
  auto taken = std::shared_ptr<server_connection>(remove(connection));
  boost::asio::post(io(), [taken] {});
  shared_->closed();
}

void pool::on_connected(server_connection& which) {
  --connecting_;
  count(connection_state::connecting, -1);
  environment_.probe.server_connects.add();
  if (std::exchange(failing_, false) && std::exchange(told_of_failing_, false)) {
    spdlog::info("node {} accepts connections of user {} to database {} again", node_name(), quoted(key_.user),
                 quoted(key_.database));
  }
  refusal_.reset();
  quiet_until_ = {};
  if (shared_->reports(which.session().reported()))
    environment_.outdated.changed_on(key_.node, {key_.user, key_.database}, which.session().begun());
  which.read_on();
  // Made for somebody who waits here, and who may be in no other queue.
  if (waiters_.empty() || outdated(which)) return serve_or_keep(which);
  auto* waiter = waiters_.front();
  waiters_.pop_front();
  leased(which, *waiter);
  open();
}

void pool::on_connect_failed(server_connection& which, const wire::error& why) {
  --connecting_;
  count(connection_state::connecting, -1);
  environment_.probe.server_connect_failed(key_.node);
  refused_ = which.session().begun();
  bury(which);
  if (!std::exchange(failing_, true)) tell_of_failing(why);
  constexpr std::chrono::milliseconds unreachable_for{100};
  constexpr std::chrono::milliseconds refused_for{1000};
  const bool unreachable = is_unreachable(why);
  if (unreachable) environment_.node_suspect(key_.node);
  quiet_until_ = std::chrono::steady_clock::now() + (unreachable ? unreachable_for : refused_for);
  refusal_ = unreachable ? std::nullopt : std::optional(why);
  if (is_full(why) && shared_->open() != 0) {
    if (!waiters_.empty()) wait_for_others();
    return;
  }
  if (!unreachable && !is_full(why) && shared_->open() != 0)
    environment_.outdated.changed_on(key_.node, {key_.user, key_.database}, refused_);
  tell_waiting(why);
}

// Any client may name a user that there is not, and each has pools of its own.
void pool::tell_of_failing(const wire::error& why) {
  auto& told = environment_.failures_told;
  told_of_failing_ = told.may_tell(std::chrono::steady_clock::now());
  if (!told_of_failing_) return;
  spdlog::warn("node {} cannot be connected to as user {} in database {}: {} ({}){}", node_name(), quoted(key_.user),
               quoted(key_.database), why.message, why.code, and_more(told.untold()));
}

// Everybody who waits would meet the same; each is told and decides anew.
void pool::tell_waiting(const wire::error& why) {
  const auto waiting = std::exchange(waiters_, {});
  environment_.probe.lease_queue.add(-static_cast<std::int64_t>(waiting.size()));
  shared_->stop_all_waiting(*this);
  for (auto* waiter : waiting) waiter->on_lease_failed(why);
}

void pool::on_clean(server_connection& which) {
  count(connection_state::leased, -1);
  serve_or_keep(which);
}

void pool::on_lost(server_connection& which) {
  const auto idle = std::find(idle_.begin(), idle_.end(), &which);
  if (idle != idle_.end()) {
    idle_.erase(idle);
    count(connection_state::idle, -1);
  } else if (std::erase(leaving_, &which) != 0) {
    count(connection_state::idle, -1);
  } else {
    count(connection_state::leased, -1);
  }
  bury(which);
  if (connecting_ < waiters_.size()) open();
}

void pool::drop(server_connection& connection, std::function<void()> gone) {
  connection.close(std::move(gone));
  on_lost(connection);
}

void pool::drop_stranger(server_connection& connection) {
  environment_.probe.server_was_stranger(key_.node);
  quiet_until_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  drop(connection);
}

void pool::close_idle(const std::function<bool(const server_connection&)>& which, const std::function<void()>& gone) {
  const auto idle = idle_;
  for (auto* one : idle) {
    if (which(*one)) drop(*one, gone);
  }
}

}  // namespace highwater::proxy
