#include "proxy/monitor/catalog_service.hpp"

#include <libpq-fe.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "routing/catalog_rows.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds settle_time{20};  // DDL comes in bursts
constexpr std::chrono::seconds retry_time{1};
constexpr std::chrono::seconds missed_interval{5};

struct connection_closer {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct result_clearer {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using connection_ptr = std::unique_ptr<PGconn, connection_closer>;
using result_ptr = std::unique_ptr<PGresult, result_clearer>;

connection_ptr connect(const config::node& node, const config::monitor& settings, const std::string& database) {
  const auto port = std::to_string(node.port);
  const auto timeout = std::to_string(std::max<long>(2, settings.timeout.count() / 1000));
  const char* const keys[] = {
      "host", "port", "user", "password", "dbname", "connect_timeout", "sslmode", "application_name", nullptr};
  const char* const values[] = {node.host.c_str(),
                                port.c_str(),
                                settings.user.c_str(),
                                settings.password.c_str(),
                                database.c_str(),
                                timeout.c_str(),
                                "disable",
                                "highwater catalog",
                                nullptr};
  return connection_ptr(PQconnectdbParams(keys, values, 0));
}

bool run(PGconn* connection, const char* sql) {
  const result_ptr result(PQexec(connection, sql));
  return PQresultStatus(result.get()) == PGRES_COMMAND_OK;
}

bool read_rows(PGconn* connection, const routing::catalog_query_text& query, routing::catalog_rows& into) {
  const result_ptr result(PQexec(connection, std::string(query.sql).c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return false;
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

std::optional<routing::catalog_rows> read_catalog(PGconn* connection) {
  routing::catalog_rows rows;
  if (!run(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") ||
      !run(connection, std::string(routing::catalog_search_path).c_str())) {
    return std::nullopt;
  }
  for (const auto& query : routing::catalog_queries) {
    if (!read_rows(connection, query, rows)) return std::nullopt;
  }
  run(connection, "COMMIT");
  return rows;
}

}  // namespace

catalog_service::catalog_service(const config::cluster& cluster, view_board& board, publish_function publish)
    : cluster_(cluster), board_(board), publish_(std::move(publish)), thread_([this] { run(); }) {}

catalog_service::~catalog_service() {
  stop();
}

void catalog_service::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

routing::catalog_ptr catalog_service::use(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto [found, fresh] = databases_.try_emplace(database, entry{steady_clock::now(), {}, false, nullptr});
  if (fresh) changed_.notify_all();
  return found->second.newest;
}

void catalog_service::out_of_date(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto found = databases_.find(database);
  if (found == databases_.end()) return;
  found->second.due = std::min(found->second.due, steady_clock::now() + settle_time);
  changed_.notify_all();
}

void catalog_service::missed(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto found = databases_.find(database);
  if (found == databases_.end() || found->second.due <= found->second.loaded + missed_interval) return;
  found->second.due = found->second.loaded + missed_interval;
  changed_.notify_all();
}

void catalog_service::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(databases_.begin(), databases_.end(),
                                       [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
    if (next == databases_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (steady_clock::now() < next->second.due) {
      changed_.wait_until(lock, next->second.due);
      continue;
    }
    const auto database = next->first;
    next->second.due = steady_clock::now() + cluster_.monitor.catalog_interval;
    lock.unlock();
    auto loaded = load(database);
    lock.lock();
    finish(database, databases_[database], std::move(loaded));
  }
}

void catalog_service::finish(const std::string& database, entry& one, routing::catalog_ptr loaded) {
  if (!loaded) {
    one.due = std::min(one.due, steady_clock::now() + retry_time);
    if (!std::exchange(one.failed, true)) {
      spdlog::warn("the catalogue of database {} cannot be read: its statements go to the primary", database);
    }
    return;
  }
  one.failed = false;
  one.loaded = steady_clock::now();
  one.newest = loaded;
  publish_(database, std::move(loaded));
}

// The primary, whose catalogue is never behind. Without one nothing may be assumed to be current.
const config::node* catalog_service::where() const {
  const auto view = board_.newest();
  return view->has_primary() ? &cluster_.nodes[view->primary] : nullptr;
}

routing::catalog_ptr catalog_service::load(const std::string& database) {
  const auto* node = where();
  if (node == nullptr) return nullptr;
  const auto connection = connect(*node, cluster_.monitor, database);
  if (PQstatus(connection.get()) != CONNECTION_OK) return nullptr;
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  auto rows = read_catalog(connection.get());
  if (!rows) return nullptr;
  return std::make_shared<const routing::catalog>(std::move(*rows));
}

}  // namespace highwater::proxy
