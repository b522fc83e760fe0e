#include "proxy/monitor/login_watch.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds beat_interval{100};
constexpr std::chrono::milliseconds count_interval{500};
constexpr std::chrono::seconds few_interval{2};
constexpr std::chrono::seconds retry_interval{2};
constexpr std::size_t few_facts = 1000;
constexpr unsigned worth_telling = 2;  // once may be a restart

}  // namespace

login_watch::login_watch(const config::cluster& cluster, view_board& board, found_function found, beat_function beat)
    : cluster_(cluster), board_(board), found_(std::move(found)), beat_(std::move(beat)) {}

login_watch::~login_watch() {
  stop();
}

void login_watch::start() {
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "logins");
}

void login_watch::look() {
  const std::scoped_lock lock(mutex_);
  wanted_ = true;
  woken_.notify_all();
}

void login_watch::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  interrupt_.raise();
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void login_watch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    woken_.wait_for(lock, beat_interval, [this] { return stopping_ || wanted_; });
    if (stopping_) return;
    if (std::exchange(wanted_, false)) read_at_ = asked_at_ = {};
    lock.unlock();
    beat_();
    watch();
    lock.lock();
  }
}

void login_watch::watch() {
  const auto now = steady_clock::now();
  const auto primary = board_.newest()->primary;
  if (connection_ && primary != node_) connection_.reset();
  if (primary == routing::no_node || (!connection_ && !connect(primary, now))) return;
  if (now < asked_at_ + count_interval) return;
  asked_at_ = now;
  // Before the facts: what changes between the two is read again.
  auto count = counts();
  if (!count) return lose(now);
  const auto patience = size_ > few_facts ? cluster_.monitor.catalog_interval : few_interval;
  if (*count == counted_ && now < read_at_ + patience) return;
  if (!read(now)) return lose(now);
  counted_ = std::move(*count);
  if (std::exchange(failures_, 0) >= worth_telling)
    spdlog::info("changes of roles and databases that are made round Highwater are noticed again");
}

bool login_watch::connect(routing::node_index primary, time_point now) {
  if (now < connect_at_) return false;
  node_ = primary;
  connection_.emplace(interrupt_);
  if (!connection_->open(cluster_, cluster_.nodes[node_], cluster_.monitor.database)) {
    lose(now);
    return false;
  }
  facts_.reconnected();
  counted_.clear();
  asked_at_ = {};
  return true;
}

std::optional<std::string> login_watch::counts() {
  const auto result = connection_->run(login_counts_sql);
  if (!result || PQntuples(result.get()) != 1) return std::nullopt;
  return PQgetvalue(result.get(), 0, 0);
}

bool login_watch::read(time_point now) {
  const auto result = connection_->run(login_facts_sql);
  if (!result || PQnfields(result.get()) != 4) return false;
  std::vector<login_fact> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    const auto text = [&](int column) { return PQgetvalue(result.get(), row, column); };
    rows.push_back({*text(0), text(1), text(2), text(3)});
  }
  size_ = rows.size();
  read_at_ = now;
  const auto news = facts_.take(std::move(rows));
  if (news.any()) found_(news, node_, now);
  return true;
}

void login_watch::lose(time_point now) {
  const auto problem = connection_->problem();
  connection_.reset();
  connect_at_ = now + retry_interval;
  if (++failures_ != worth_telling) return;
  spdlog::warn("changes of roles and databases that are made round Highwater are not noticed: node {}: {}",
               cluster_.nodes[node_].name, problem);
}

}  // namespace highwater::proxy
