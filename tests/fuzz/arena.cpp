#include "tests/fuzz/arena.hpp"

#include <csignal>
#include <sstream>

#include "tests/fuzz/generator.hpp"

namespace highwater::fuzz {
namespace {

using namespace testing_support;

constexpr const char* alone_name = "alone";
constexpr const char* proxied_name = "proxied";

// PostgreSQL's random() tells these after such a setseed(): whoever meets them has another's seed.
constexpr const char* known_random_numbers = R"(
  create table public.random_of_seed (value float8);
  do $$begin
    for seed in 1..4 loop
      perform setseed(seed / 10.0::float8);
      insert into public.random_of_seed select random() from generate_series(1, 60);
    end loop;
  end$$;
  grant select on public.random_of_seed to public)";

std::string tables_of(const std::string& schema) {
  return "create schema " + schema + " authorization app; set role app; create table " + schema +
         ".item (id int primary key, n int not null check (n < 1000), tag text); create table " + schema +
         ".line (n int primary key check (n < 90000), w text not null); create sequence " + schema +
         ".seq; reset role;";
}

constexpr const char* reset_function = R"(
  create function public.reset(place text) returns void language plpgsql as $$
  begin
    execute format('delete from %I.item', place);
    execute format('insert into %I.item values (1, 1, %L), (2, 20, %L), (3, 30, %L)', place, place, place, place);
    execute format('delete from %I.line', place);
    execute format('insert into %I.line values (1, %L)', place, place);
    perform setval(format('%I.seq', place), 1, false);
  end$$)";

std::string schema_of(std::size_t client) {
  return "c" + std::to_string(client);
}

std::string reset_rows(std::size_t client) {
  return "select public.reset('" + schema_of(client) + "');";
}

std::string make_shape(std::size_t client) {
  const auto shape = schema_of(client) + ".shape";
  return "drop table if exists " + shape + "; create table " + shape + " (a int, b text); insert into " + shape +
         " values (1, 'one');";
}

std::string end_of(const std::string& log) {
  constexpr std::size_t enough = 6000;
  return log.size() <= enough ? log : "..." + log.substr(log.size() - enough);
}

}  // namespace

std::string to_string(const setting& of) {
  return std::string(of.transaction_pooling ? "transaction" : "session") + " pooling, pool of " +
         std::to_string(of.pool) + ", workers " + std::to_string(of.workers);
}

const std::vector<setting>& all_settings() {
  static const std::vector<setting> all = [] {
    std::vector<setting> made;
    for (const std::size_t workers : {1, 2}) {
      for (const std::size_t pool : {1, 3}) {
        for (const bool transaction : {true, false}) made.push_back({transaction, pool, workers});
      }
    }
    return made;
  }();
  return all;
}

arena::arena(unsigned replicas, bool direct, std::string level)
    : cluster_({.replicas = replicas}), direct_(direct), level_(std::move(level)) {
  cluster_.primary().tell("create role dba superuser; create role app login; grant dba to app");
  for (const char* name : {alone_name, proxied_name}) create(name);
  alone_ = std::make_unique<pg::connection>(cluster_.primary().connect(alone_name));
  proxied_ = std::make_unique<pg::connection>(cluster_.primary().connect(proxied_name));
  for (auto* each : cluster_.replicas()) {
    cluster_.await_replay(*each);
    replicas_.push_back(std::make_unique<pg::connection>(each->connect(proxied_name)));
  }
}

arena::~arena() {
  end_proxy();
}

void arena::create(const std::string& database) {
  cluster_.primary().tell("create database " + database);
  auto connection = cluster_.primary().connect(database);
  connection.must(reset_function);
  connection.must(known_random_numbers);
  for (std::size_t i = 0; i < most_clients; ++i) {
    connection.must(tables_of(schema_of(i)));
    connection.must(reset_rows(i));
    connection.must("set role app; " + make_shape(i) + "reset role");
  }
}

void arena::end_proxy() {
  if (proxy_) proxy_->kill9();
  proxy_.reset();
}

void arena::serve(const setting& how) {
  setting_ = how;
  replace_proxy();
}

void arena::replace_proxy() {
  end_proxy();
  proxied_->must("set role app");
  for (std::size_t i = 0; i < most_clients; ++i) proxied_->must(make_shape(i));
  proxied_->must("reset role");
  if (direct_) return;
  highwater_config config(cluster_);
  config.set("log", "{level: info}");
  config.set("workers", std::to_string(setting_.workers));
  config.set("consistency", "{level: " + level_ + ", on_stale: [{wait: 50ms}, primary]}");
  // A client that waits for its turn is no fault: it is never to be told so.
  config.set("pool", std::string("{queue_timeout: 10min, mode: ") +
                         (setting_.transaction_pooling ? "transaction" : "session") +
                         ", size: " + std::to_string(setting_.pool) + "}");
  proxy_ = std::make_unique<highwater_process>(config);
  proxy_->await_ready();
  if (setting_.transaction_pooling) await_catalogue();
}

// Else the first reads would all go to the primary.
void arena::await_catalogue() {
  for (std::size_t i = 0; i < 2 * setting_.workers; ++i) {
    auto session = proxy_->connect(proxied_name, "app");
    await("the catalogue is known", [&] {
      session.must("select count(*) from c0.item");
      return session.scalar("show highwater.last_route").find("because=") == std::string::npos;
    });
  }
}

endpoint arena::alone() const {
  return {const_cast<arena*>(this)->cluster_.primary().port(), "app", alone_name};
}

endpoint arena::proxied() const {
  return {proxy_ ? proxy_->port() : const_cast<arena*>(this)->cluster_.primary().port(), "app", proxied_name};
}

void arena::reset_alone(std::size_t clients, bool shapes) {
  std::string sql;
  for (std::size_t i = 0; i < clients; ++i) sql += reset_rows(i);
  alone_->must(sql);
  if (!shapes) return;
  sql = "set role app; ";
  for (std::size_t i = 0; i < clients; ++i) sql += make_shape(i);
  alone_->must(sql + "reset role");
}

// What a reading of the catalogue is to follow goes through the proxy: statements that were prepared for the shape are
// then known to be of the past.
void arena::reset_proxied(std::size_t clients, bool shapes) {
  std::string sql;
  for (std::size_t i = 0; i < clients; ++i) sql += reset_rows(i);
  proxied_->must(sql);
  if (shapes) {
    std::string made;
    for (std::size_t i = 0; i < clients; ++i) made += make_shape(i);
    play({{.startup = {}, .steps = {{.requests = {query(made)}}}}}, proxied(), {});
  }
  const auto position = proxied_->scalar("select pg_current_wal_flush_lsn()");
  for (auto& each : replicas_) {
    await("a replica has replayed " + position,
          [&] { return each->scalar("select pg_last_wal_replay_lsn() >= '" + position + "'") == "t"; });
  }
}

std::string arena::trouble() {
  if (!proxy_) return "";
  if (const auto end = proxy_->child().wait_for(milliseconds(0)))
    return "the proxy ended: " + to_string(*end) + "\n" + end_of(proxy_->log());
  return "";
}

std::string arena::retire() {
  if (!proxy_) return "";
  const auto end = proxy_->child().stop(SIGTERM);
  const auto last_words =
      end.success() ? "" : "the proxy, asked to stop: " + to_string(end) + "\n" + end_of(proxy_->log());
  end_proxy();
  return last_words;
}

double arena::reads(const std::string& role) const {
  if (!proxy_) return 0;
  double sum = 0;
  std::istringstream lines(proxy_->metrics());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("highwater_reads_total{") && line.find("role=\"" + role + "\"") != std::string::npos)
      sum += std::stod(line.substr(line.rfind(' ')));
  }
  return sum;
}

}  // namespace highwater::fuzz
