#include "proxy/monitor/catalog_service.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "proxy/io/log_text.hpp"
#include "routing/catalog_rows.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;

bool read_rows(catalog_connection& connection, const routing::catalog_query_text& query, routing::catalog_rows& into) {
  const auto result = connection.run(std::string(query.sql));
  if (!result) return false;
  std::vector<std::string_view> columns(static_cast<std::size_t>(PQnfields(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      columns[static_cast<std::size_t>(column)] = {PQgetvalue(result.get(), row, column),
                                                   static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
    }
    if (!routing::add_catalog_row(query.which, columns, into)) return false;
  }
  return true;
}

std::optional<routing::catalog_rows> read_catalog(catalog_connection& connection) {
  routing::catalog_rows rows;
  if (!connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") ||
      !connection.run(std::string(routing::catalog_search_path))) {
    return std::nullopt;
  }
  for (const auto& query : routing::catalog_queries) {
    if (!read_rows(connection, query, rows)) return std::nullopt;
  }
  connection.run("COMMIT");
  return rows;
}

std::string on_node(const config::node& node, const std::string& problem) {
  const auto why = problem.empty() ? std::string("unexpected answer") : problem;
  return "node " + node.name + " (" + node.host + ":" + std::to_string(node.port) + "): " + why;
}

}  // namespace

catalog_service::catalog_service(const config::cluster& cluster, std::vector<std::string> policy_tables,
                                 view_board& board, publish_function publish)
    : cluster_(cluster),
      policy_tables_(std::move(policy_tables)),
      board_(board),
      publish_(std::move(publish)),
      thread_([this] { run(); }) {
  ::pthread_setname_np(thread_.native_handle(), "catalogue");
}

catalog_service::~catalog_service() {
  stop();
}

void catalog_service::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  interrupt_.raise();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

catalog_service::entry& catalog_service::known(const std::string& database) {
  const auto found = databases_.find(database);
  if (found != databases_.end()) return found->second;
  changed_.notify_all();
  const catalog_schedule at_once(cluster_.monitor.catalog_interval, steady_clock::now());
  return databases_.emplace(database, entry{at_once}).first->second;
}

routing::catalog_ptr catalog_service::use(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  return known(database).newest;
}

void catalog_service::out_of_date(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  known(database).schedule.changed(steady_clock::now());
  changed_.notify_all();
}

void catalog_service::missed(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  known(database).schedule.missed();
  changed_.notify_all();
}

void catalog_service::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(databases_.begin(), databases_.end(), [](const auto& a, const auto& b) {
      return a.second.schedule.due() < b.second.schedule.due();
    });
    if (next == databases_.end()) {
      changed_.wait(lock);
      continue;
    }
    auto& schedule = next->second.schedule;
    const auto due = schedule.due();
    if (steady_clock::now() < due) {
      changed_.wait_until(lock, due);
      continue;
    }
    const auto database = next->first;
    schedule.begun(steady_clock::now());
    lock.unlock();
    auto done = read(database);
    if (done.how == reading::outcome::read) make_catalog(database, done);
    lock.lock();
    if (!stopping_) finish(database, std::move(done));
  }
}

void catalog_service::finish(const std::string& database, reading done) {
  using outcome = reading::outcome;
  auto& one = databases_.at(database);
  const auto now = steady_clock::now();
  switch (done.how) {
    case outcome::no_primary:
      return one.schedule.no_primary(now);
    case outcome::failed:
      one.schedule.failed(now);
      return complain(database, one, done.problem);
    case outcome::no_such_database:
      return forget(database, done.problem);
    case outcome::read:
      break;
  }
  one.failed = false;
  if (!std::exchange(one.problem, {}).empty())
    spdlog::info("the catalogue of database {} can be read again", quoted(database));
  if (done.catalog == nullptr) return one.schedule.read_the_same(now);
  one.schedule.read(now);
  one.rows = std::move(done.rows);
  one.newest = done.catalog;
  publish_(database, std::move(done.catalog));
}

// A new one empties every worker's statement cache, so it has to be a different one.
void catalog_service::make_catalog(const std::string& database, reading& from) {
  {
    const std::scoped_lock lock(mutex_);
    const auto& one = databases_.at(database);
    if (one.newest != nullptr && one.rows == from.rows) return;
  }
  from.catalog = std::make_shared<const routing::catalog>(from.rows, policy_tables_);
}

void catalog_service::complain(const std::string& database, entry& one, const std::string& problem) {
  // Once may be a table that is being dropped while it is read.
  if (!std::exchange(one.failed, true))
    return spdlog::debug("the catalogue of database {}: {}", quoted(database), problem);
  if (problem == one.problem) return;
  one.problem = problem;
  spdlog::warn("the catalogue of database {} cannot be read: {}; {}", quoted(database), problem,
               one.newest ? "what was read before is used" : "its statements go to the primary");
}

void catalog_service::forget(const std::string& database, const std::string& problem) {
  spdlog::info("the catalogue of database {} is not looked for until somebody uses it: {}", quoted(database), problem);
  databases_.erase(database);
  publish_(database, nullptr);
}

// From the primary, whose catalogue is never behind. Without one nothing may be assumed to be current.
catalog_service::reading catalog_service::read(const std::string& database) const {
  using outcome = reading::outcome;
  const auto view = board_.newest();
  if (!view->has_primary()) return {outcome::no_primary};
  const auto& node = cluster_.nodes[view->primary];
  catalog_connection connection(interrupt_);
  if (!connection.open(node, cluster_.monitor, database)) {
    const auto how = connection.no_such_database() ? outcome::no_such_database : outcome::failed;
    return {how, on_node(node, connection.problem())};
  }
  auto rows = read_catalog(connection);
  if (!rows) return {outcome::failed, on_node(node, connection.problem())};
  return {outcome::read, {}, std::move(*rows)};
}

}  // namespace highwater::proxy
