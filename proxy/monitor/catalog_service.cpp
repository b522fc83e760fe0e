#include "proxy/monitor/catalog_service.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/io/log_text.hpp"
#include "proxy/monitor/catalog_source.hpp"
#include "routing/sql/catalog_rows.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;

// Nothing if the server does not answer with what is expected.
std::optional<std::string> value_of(const result_ptr& result, int column = 0) {
  if (!result || PQntuples(result.get()) != 1 || PQnfields(result.get()) <= column) return std::nullopt;
  return PQgetvalue(result.get(), 0, column);
}

// The definitions of views, by number. Of one that has gone away meanwhile there is none.
class view_definitions {
public:
  explicit view_definitions(catalog_connection& connection) : connection_(connection) {}

  bool read(std::span<const std::string> views) {
    constexpr std::size_t at_once = 500;
    for (; views.size() > at_once; views = views.subspan(at_once)) {
      if (!read_some(views.first(at_once))) return false;
    }
    return views.empty() || read_some(views);
  }
  std::string_view of(const std::string& view) const {
    const auto found = texts_.find(view);
    return found == texts_.end() ? std::string_view{} : found->second;
  }

private:
  bool read_some(std::span<const std::string> views) {
    const auto result = connection_.run(sql::view_definitions_sql(views));
    if (!result) return divide(views);
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      texts_.emplace(PQgetvalue(result.get(), row, 0), PQgetvalue(result.get(), row, 1));
    }
    return true;
  }
  bool divide(std::span<const std::string> views) {
    constexpr unsigned most_failures = 100;
    if (++failures_ > most_failures) return false;
    if (views.size() == 1) return true;
    const auto half = views.size() / 2;
    return read_some(views.first(half)) && read_some(views.subspan(half));
  }

  catalog_connection& connection_;
  std::unordered_map<std::string, std::string> texts_;
  unsigned failures_ = 0;
};

bool read_rows(catalog_connection& connection, sql::catalog_query which, const sql::marked_functions& marked,
               sql::catalog_rows& into) {
  constexpr std::size_t definition = 4;
  const auto result = connection.run(sql::catalog_sql(which, marked));
  if (!result) return false;
  view_definitions definitions(connection);
  if (which == sql::catalog_query::relations) {
    std::vector<std::string> views;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      const std::string view = PQgetvalue(result.get(), row, definition);
      if (!view.empty()) views.push_back(view);
    }
    if (!definitions.read(views)) return false;
  }
  std::vector<std::string_view> columns(static_cast<std::size_t>(PQnfields(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      columns[static_cast<std::size_t>(column)] = {PQgetvalue(result.get(), row, column),
                                                   static_cast<std::size_t>(PQgetlength(result.get(), row, column))};
    }
    if (which == sql::catalog_query::relations) {
      columns[definition] = definitions.of(std::string(columns[definition]));
    }
    if (!sql::add_catalog_row(which, columns, into)) return false;
  }
  return true;
}

std::optional<std::string> fingerprint(catalog_connection& connection) {
  return value_of(connection.run(std::string(sql::catalog_fingerprint_sql())));
}

std::optional<sql::catalog_rows> read_once(catalog_connection& connection) {
  const auto found = connection.run(std::string(sql::marked_functions_sql()));
  const auto oids = value_of(found, 0), kinds = value_of(found, 1);
  if (!oids || !kinds) return std::nullopt;
  sql::catalog_rows rows;
  for (const auto which : sql::catalog_queries) {
    if (!read_rows(connection, which, {*oids, *kinds}, rows)) return std::nullopt;
  }
  return rows;
}

// Each query sees what is there when it runs. So what is found to be the same before and after them all is one state;
// where it goes on changing, the last one has to do: whoever changes it has it doubted and read again. An object that
// goes away while it is looked at fails a query, and nothing else.
std::optional<sql::catalog_rows> read_catalog(catalog_connection& connection) {
  constexpr int most_attempts = 4;
  if (!connection.run(std::string(sql::catalog_search_path))) return std::nullopt;
  std::optional<sql::catalog_rows> rows;
  auto before = fingerprint(connection);
  for (int attempt = 0; before && attempt < most_attempts; ++attempt) {
    auto found = read_once(connection);
    auto after = fingerprint(connection);
    const bool steady = found && before == after;
    if (found) rows = std::move(found);
    if (steady) break;
    before = std::move(after);
  }
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
    interrupt_.raise();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

catalog_service::entry& catalog_service::known(const std::string& database) {
  const auto found = databases_.find(database);
  if (found != databases_.end()) return found->second;
  changed_.notify_all();
  const auto now = steady_clock::now();
  auto& made =
      databases_.emplace(database, entry{catalog_schedule(cluster_.monitor.catalog_interval, now)}).first->second;
  made.since = now;
  return made;
}

known_catalog catalog_service::use(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto& one = known(database);
  return {one.newest, one.doubts};
}

void catalog_service::out_of_date(const std::string& database, const sql::touched_names& touched) {
  const std::scoped_lock lock(mutex_);
  doubt(known(database), touched);
}

void catalog_service::replaced(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto found = databases_.find(database);
  if (found != databases_.end()) doubt(found->second, {true, {}});
}

void catalog_service::doubt(entry& one, const sql::touched_names& touched) {
  const auto now = steady_clock::now();
  one.since = now;
  if (touched.any()) {
    const schema_change change{++one.generation, touched};
    for (const auto& each : one.living) {
      if (const auto doubts = each.lock()) doubts->add(change);
    }
    remember_change(one.uncovered, change);
  }
  one.schedule.changed(now);
  changed_.notify_all();
}

void catalog_service::follow_policies(std::vector<std::string> policy_tables) {
  const std::scoped_lock lock(mutex_);
  if (policy_tables == policy_tables_) return;
  policy_tables_ = std::move(policy_tables);
  for (auto& [name, one] : databases_) {
    one.other_policies = true;
    doubt(one, {true, {}});
  }
}

void catalog_service::missed(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  known(database).schedule.missed();
  changed_.notify_all();
}

void catalog_service::hold(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  if (++held_[database] == 1 && being_read_ == database) interrupt_.raise();
}

void catalog_service::let_go(const std::string& database) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(database);
  if (found != held_.end() && --found->second == 0) held_.erase(found);
  changed_.notify_all();
}

void catalog_service::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(databases_.begin(), databases_.end(), [&](const auto& a, const auto& b) {
      const bool a_held = held_.contains(a.first), b_held = held_.contains(b.first);
      return a_held != b_held ? b_held : a.second.schedule.due() < b.second.schedule.due();
    });
    if (next == databases_.end() || held_.contains(next->first)) {
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
    const auto from = source(next->second, steady_clock::now());
    if (from == routing::no_node && board_.newest()->has_primary()) {
      schedule.not_yet(steady_clock::now());
      continue;
    }
    const auto generation = next->second.generation;
    schedule.begun(steady_clock::now());
    being_read_ = database;
    interrupt_.lower();
    lock.unlock();
    auto done = read(database, from);
    done.covers = generation;
    if (done.how == reading::outcome::read) make_catalog(database, done);
    lock.lock();
    being_read_.clear();
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
  std::erase_if(one.uncovered, [&](const schema_change& change) { return change.generation <= done.covers; });
  if (done.catalog == nullptr) {
    one.doubts->lift(done.covers);
    return one.schedule.read_the_same(now);
  }
  one.schedule.read(now);
  one.rows = std::move(done.rows);
  one.other_policies = one.generation > done.covers && one.other_policies;
  one.newest = std::move(done.catalog);
  one.doubts = std::make_shared<catalog_doubts>(one.uncovered);
  std::erase_if(one.living, [](const auto& each) { return each.expired(); });
  one.living.push_back(one.doubts);
  publish_(database, {one.newest, one.doubts});
}

// A new one empties every worker's statement cache, so it has to be a different one.
void catalog_service::make_catalog(const std::string& database, reading& from) {
  std::vector<std::string> patterns;
  {
    const std::scoped_lock lock(mutex_);
    const auto& one = databases_.at(database);
    if (one.newest != nullptr && !one.other_policies && one.rows == from.rows) return;
    patterns = policy_tables_;
  }
  from.catalog = std::make_shared<const sql::catalog>(from.rows, patterns);
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
  publish_(database, {});
}

// A replica that has replayed what the catalogue is read for. It is looked for for a moment; then the primary has to
// do.
routing::node_index catalog_service::source(entry& one, routing::instant now) const {
  constexpr std::chrono::seconds patience{1};
  const auto view = board_.newest();
  // What it is read for at least is what is there now: older than what is known already, it would be of no use.
  if (one.looking_since == routing::never) one.since = one.looking_since = now;
  auto found = catalog_replica(*view, one.since);
  const bool worth_waiting = may_have_replica(*view) && now < one.looking_since + patience;
  if (found == routing::no_node && !worth_waiting) found = view->primary;
  if (found != routing::no_node) one.looking_since = routing::never;
  return found;
}

// Without a primary nothing may be assumed to be current. One that cannot be read from leaves it to the primary.
catalog_service::reading catalog_service::read(const std::string& database, routing::node_index from) const {
  using outcome = reading::outcome;
  const auto view = board_.newest();
  if (from == routing::no_node || !view->has_primary()) return {outcome::no_primary};
  if (from != view->primary) {
    auto done = read_from(from, database);
    if (done.how == outcome::read) return done;
  }
  return read_from(view->primary, database);
}

catalog_service::reading catalog_service::read_from(routing::node_index from, const std::string& database) const {
  using outcome = reading::outcome;
  const auto& node = cluster_.nodes[from];
  catalog_connection connection(interrupt_);
  if (!connection.open(cluster_, node, database)) {
    const auto how = connection.no_such_database() ? outcome::no_such_database : outcome::failed;
    return {how, on_node(node, connection.problem())};
  }
  auto rows = read_catalog(connection);
  if (!rows) return {outcome::failed, on_node(node, connection.problem())};
  return {outcome::read, {}, 0, std::move(*rows)};
}

}  // namespace highwater::proxy
