#include "proxy/monitor/secret_service.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/io/log_text.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;
using whom = looked_up::whom;

constexpr std::chrono::milliseconds primary_beat{200};  // a primary is looked for, for those who are logged in
constexpr std::chrono::minutes repeated{1};             // the same problem is logged again

}  // namespace

secret_service::secret_service(const config::cluster& cluster, const config::auth_query& how, view_board& board,
                               standing_function standing, revoked_function revoked)
    : board_(board),
      standing_(std::move(standing)),
      revoked_(std::move(revoked)),
      cache_(how.cache, {}),
      round_(how.cache, steady_clock::now()),
      lookup_(cluster, how, board, interrupt_) {}

secret_service::~secret_service() {
  stop();
}

void secret_service::start() {
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "secrets");
}

void secret_service::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  interrupt_.raise();
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void secret_service::ask(std::string_view user, teller then) {
  std::optional<auth::secret_answer> answer;
  {
    const std::scoped_lock lock(mutex_);
    answer = cache_.ask(user, then, steady_clock::now());
  }
  if (answer) return then(*answer);
  woken_.notify_all();
}

void secret_service::changed() {
  {
    const std::scoped_lock lock(mutex_);
    cache_.forget();
    round_.hurry(steady_clock::now());
  }
  woken_.notify_all();
}

void secret_service::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = steady_clock::now();
    if (round_.wants_users() && now >= round_.due()) {
      list_standing(lock);
    } else if (const auto asked = next(now)) {
      look_up(*asked, lock);
    } else {
      woken_.wait_until(lock, wake_at(now));
    }
  }
}

void secret_service::list_standing(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto users = standing_();
  lock.lock();
  round_.begin(std::move(users), steady_clock::now());
}

bool secret_service::has_round_next(time_point now) const {
  return !round_.wants_users() && now >= round_.due() && board_.newest()->has_primary();
}

std::optional<secret_service::question> secret_service::next(time_point now) {
  if (now < lookup_.ready_at()) return std::nullopt;
  const bool for_round = has_round_next(now);
  was_login_ = cache_.has_next() && !(for_round && was_login_);
  if (was_login_) return cache_.next();
  if (for_round) return cache_.about(round_.next());
  return std::nullopt;
}

secret_service::time_point secret_service::wake_at(time_point now) const {
  if (cache_.has_next()) return lookup_.ready_at();
  if (round_.wants_users()) return round_.due();
  const auto next = std::max(round_.due(), lookup_.ready_at());
  return board_.newest()->has_primary() ? next : std::max(next, now + primary_beat);
}

void secret_service::look_up(const question& asked, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const auto done = lookup_.look_up(asked.name);
  lock.lock();
  if (stopping_) return;
  const auto told = settle(asked, done);
  std::vector<auth::revoked_user> revoked;
  if (done.asked == whom::primary) revoked = round_.answered(asked.name, done.answer);
  lock.unlock();
  tell_log(asked, done);
  // Before those who are let in now: none of these is meant.
  for (const auto& each : revoked) revoked_(each);
  for (const auto& tell : told) tell(done.answer);
  lock.lock();
}

// Who is to be told.
std::vector<secret_service::teller> secret_service::settle(const question& asked, const looked_up& done) {
  if (done.asked == whom::nobody) return cache_.give_up();
  if (done.asked != whom::nobody_yet) return cache_.answered(asked, done.answer, steady_clock::now());
  cache_.again(asked);
  return {};
}

// Users' names are anybody's, so that there may be any number of lines; but the same problem has one cause.
void secret_service::tell_log(const question& asked, const looked_up& done) {
  if (done.problem.empty()) {
    if (!std::exchange(is_down_, false)) return;
    told_.clear();
    return spdlog::info("users can be looked up again");
  }
  if (done.asked == whom::nobody_yet) return;
  const auto now = steady_clock::now();
  if (done.problem == told_ && now < told_at_ + repeated) return;
  if (!throttle_.may_tell(now)) return;
  told_ = done.problem;
  told_at_ = now;
  const bool nobody = done.asked == whom::nobody;
  is_down_ = is_down_ || nobody;
  const auto user = nobody ? std::string("users") : "user " + quoted(asked.name);
  spdlog::warn("{} cannot be looked up: {}{}", user, done.problem, and_more(throttle_.untold()));
}

}  // namespace highwater::proxy
