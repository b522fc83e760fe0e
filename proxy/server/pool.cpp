#include "proxy/server/pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/io/log_text.hpp"
#include "proxy/server/idle_choice.hpp"

namespace highwater::proxy {

using metrics::connection_state;

pool::pool(pool_environment& environment, pool_key key)
    : environment_(environment), key_(std::move(key)), shared_(environment.shared.get(key_)) {
  adopt();
  shared_->join(*this);
}

void pool::adopt() {
  allowed_ = config::allowed_to(*environment_.configured, key_.user, key_.database).pool;
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
  backoff_.logins_changed(outdated_since_);
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
  waiters_.push_back({&waiter, std::chrono::steady_clock::now()});
  environment_.probe.lease_queue.add();
  if (connecting_ < waiters_.size()) open();
  if (!idle_.empty()) post([this] { offer(); });
  return nullptr;
}

template <class What>
void pool::post(What what) {
  loop().post([weak = weak_from_this(), what = std::move(what)]() mutable {
    if (const auto still_there = weak.lock()) what();
  });
}

// For everybody who waits, as far as there is room. After one that failed, the next has to succeed before there are
// more.
void pool::open() {
  while (connecting_ < waiters_.size() && !(backoff_.one_at_a_time() && connecting_ != 0) && open_one()) {
  }
}

bool pool::open_one() {
  look_for_changes();
  const auto now = std::chrono::steady_clock::now();
  const auto verdict = backoff_.next(now, shared_->open());
  if (verdict != connect_backoff::verdict::connect) shared_->need_no_place();
  switch (verdict) {
    case connect_backoff::verdict::connect:
      break;
    case connect_backoff::verdict::refuse:
      post([this] { tell_waiting(refusal().value_or(server_lost("the connection failed"))); });
      return false;
    case connect_backoff::verdict::wait_for_others:
      wait_for_others();
      return false;
  }
  if (!shared_->try_open(patient(now), now)) {
    shared_->wait(*this);
    // A place that became free before anybody could see that somebody waits would be missed.
    if (!shared_->try_open(patient(now), now)) {
      shared_->ask_others(*this);
      if (allowed_.reserve != 0 && patient(now)) look_again(waiters_.front().since + allowed_.reserve_after);
      return false;
    }
    shared_->stop_waiting(*this);
  }
  ++connecting_;
  count(connection_state::connecting, 1);
  connection_home& home = *this;
  auto& made = *all_.emplace_back(std::make_unique<server_connection>(environment_.connections, home, key_.node));
  const auto& node = environment_.cluster.nodes[key_.node];
  made.connect(
      {node.host, node.port, environment_.encryption.load()->node(key_.node), allowed_.connect_timeout, [this] {
         return server_login(key_.user, key_.database, environment_.credentials_of(key_.user), environment_.nonce());
       }});
  return true;
}

// Nobody here has waited so long that the reserve is theirs.
bool pool::patient(routing::instant now) const noexcept {
  return waiters_.empty() || now < waiters_.front().since + allowed_.reserve_after;
}

// No connection is to be had for a moment; those that are there come round.
void pool::wait_for_others() {
  shared_->wait(*this);
  shared_->ask_others(*this);
  look_again(backoff_.quiet_until());
}

void pool::look_again(routing::instant when) {
  if (retry_.number != 0) return;
  retry_ = environment_.connections.timers.schedule(when, [this] {
    retry_ = {};
    pump();
  });
}

void pool::cancel(lease_waiter& waiter) noexcept {
  if (std::erase_if(waiters_, [&](const auto& one) { return one.who == &waiter; }) == 0) return;
  environment_.probe.lease_queue.add(-1);
  if (waiters_.size() < connecting_ || waiters_.empty()) shared_->stop_waiting(*this);
}

server_connection* pool::take_idle(const lease_waiter& whom) {
  if (idle_.empty()) return nullptr;
  const auto known = [this](std::size_t place) -> const server_session& { return idle_[place]->session(); };
  const auto place = choose_idle(idle_.size(), known, whom.wanted_last_write(), whom.wanted_settings());
  auto* connection = idle_[place];
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(place));
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

// Whoever has waited longest here.
void pool::serve_next(server_connection& connection) {
  auto* waiter = waiters_.front().who;
  waiters_.pop_front();
  leased(connection, *waiter);
}

void pool::pump() {
  close_outdated();
  while (!waiters_.empty() && !idle_.empty()) serve_next(*take_idle(*waiters_.front().who));
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
  loop().post([taken] {});
  shared_->closed();
}

void pool::on_connected(server_connection& which) {
  --connecting_;
  count(connection_state::connecting, -1);
  environment_.probe.server_connects.add();
  if (backoff_.connected() && std::exchange(told_of_failing_, false)) {
    spdlog::info("node {} accepts connections of user {} to database {} again", node_name(), quoted(key_.user),
                 quoted(key_.database));
  }
  if (shared_->reports(which.session().reported()))
    environment_.outdated.changed_on(key_.node, {key_.user, key_.database}, which.session().begun());
  which.read_on();
  // Made for somebody who waits here, and who may be in no other queue.
  if (waiters_.empty() || outdated(which)) return serve_or_keep(which);
  serve_next(which);
  open();
}

void pool::on_connect_failed(server_connection& which, const wire::error& why) {
  --connecting_;
  count(connection_state::connecting, -1);
  environment_.probe.server_connect_failed(key_.node);
  const auto begun = which.session().begun();
  bury(which);
  if (!backoff_.one_at_a_time()) tell_of_failing(why);
  const bool others = shared_->open() != 0;
  const auto verdict = backoff_.failed(why, begun, std::chrono::steady_clock::now(), shared_->open());
  if (is_unreachable(why)) {
    environment_.node_suspect(key_.node);
  } else if (!is_full(why) && others) {
    // Who is there already was let in as somebody who would not be any more.
    environment_.outdated.changed_on(key_.node, {key_.user, key_.database}, begun);
  }
  if (verdict == connect_backoff::verdict::refuse) return tell_waiting(why);
  if (!waiters_.empty()) wait_for_others();
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
  for (const auto& one : waiting) one.who->on_lease_failed(why);
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
  backoff_.led_elsewhere(std::chrono::steady_clock::now());
  drop(connection);
}

void pool::spare_idle() {
  const auto now = std::chrono::steady_clock::now();
  while (!idle_.empty() && shared_->gives_idle(now - idle_.front()->idle_since())) drop(*idle_.front());
}

// The one that has been idle for longest first.
void pool::close_unused(routing::instant now, unsigned least) {
  for (std::size_t at = 0; at < idle_.size();) {
    auto& one = *idle_[at];
    const bool unused = now - one.idle_since() > allowed_.idle_timeout && shared_->open() > least;
    const bool old = now - one.session().established() > allowed_.max_lifetime;
    unused || old ? drop(one) : void(++at);
  }
}

// Where connections cannot be made, none is tried for nobody.
void pool::look_after(routing::instant now, bool used) {
  const auto least = used ? allowed_.min_idle : 0U;
  close_unused(now, least);
  spare_idle();
  while (shared_->open() < least && waiters_.empty() && !backoff_.one_at_a_time() &&
         shared_->full() == place_ledger::bound::none && open_one()) {
  }
}

void pool::close_idle(const std::function<bool(const server_connection&)>& which, const std::function<void()>& gone) {
  std::vector<server_connection*> chosen;
  std::ranges::copy_if(idle_, std::back_inserter(chosen), [&](const auto* one) { return which(*one); });
  for (auto* one : chosen) drop(*one, gone);
}

}  // namespace highwater::proxy
