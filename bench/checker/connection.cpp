#include "bench/checker/connection.hpp"

#include <poll.h>

#include <array>
#include <charconv>
#include <cstring>

namespace highwater::bench {

// One shape of the workload. Each returns (key, value).
struct connection::statement {
  const char* name;  // as a prepared statement
  const char* sql;   // with $1
  bool quoted;       // the simple protocol writes the parameter as a string literal
  static const statement read_one, read_many, write;

  std::string inlined(const std::string& parameter) const;
};

const connection::statement connection::statement::read_one{"read_one",
                                                            "SELECT key, value FROM registers WHERE key = $1", false};
const connection::statement connection::statement::read_many{
    "read_many", "SELECT key, value FROM registers WHERE key = ANY($1)", true};
const connection::statement connection::statement::write{
    "write", "UPDATE registers SET value = value + 1 WHERE key = $1 RETURNING key, value", false};

std::string connection::statement::inlined(const std::string& parameter) const {
  std::string text = sql;
  return text.replace(text.find("$1"), 2, quoted ? "'" + parameter + "'" : parameter);
}

namespace {

struct result_clearer {
  void operator()(PGresult* result) const { PQclear(result); }
};
using result_ptr = std::unique_ptr<PGresult, result_clearer>;

version number_at(const PGresult* result, int row_index, int column) {
  const char* text = PQgetvalue(result, row_index, column);
  version value = absent;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

void take(const PGresult* result, answer& out) {
  const auto status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK && PQnfields(result) == 2) {
    for (int i = 0; i < PQntuples(result); ++i)
      out.rows.push_back({static_cast<key_index>(number_at(result, i, 0)), number_at(result, i, 1)});
    return;
  }
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || !out.error.empty()) return;
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  out.error = state ? state : "connection";
}

// A server that ends a connection may have said why before it closed it.
std::string last_words(PGconn* broken) {
  answer out;
  if (const result_ptr result{PQgetResult(broken)}) take(result.get(), out);
  return out.error.empty() ? "connection" : out.error;
}

std::string array_literal(std::span<const key_index> keys) {
  std::string text = "{";
  for (const auto key : keys) text += (text.size() > 1 ? "," : "") + std::to_string(key);
  return text + "}";
}

}  // namespace

std::string connection::open(const std::string& level) {
  handle_.reset(PQconnectdb(conninfo_.c_str()));
  if (!usable()) return PQerrorMessage(handle_.get());
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  if (!level.empty() && !run("SET highwater.level = '" + level + "'")) return PQerrorMessage(handle_.get());
  if (protocol_ != protocol::prepared) return {};
  for (const auto* shape : {&statement::read_one, &statement::read_many, &statement::write}) {
    const result_ptr made{PQprepare(handle_.get(), shape->name, shape->sql, 0, nullptr)};
    if (PQresultStatus(made.get()) != PGRES_COMMAND_OK) return PQerrorMessage(handle_.get());
  }
  return {};
}

answer connection::read(key_index key) {
  return execute(statement::read_one, std::to_string(key));
}
answer connection::read(std::span<const key_index> keys) {
  return execute(statement::read_many, array_literal(keys));
}
answer connection::write(key_index key) {
  return execute(statement::write, std::to_string(key));
}

answer connection::run(const std::string& sql) {
  if (!PQsendQuery(handle_.get(), sql.c_str())) return give_up("connection");
  return await_answer();
}

answer connection::execute(const statement& shape, const std::string& parameter) {
  if (protocol_ == protocol::simple) return run(shape.inlined(parameter));
  const char* values[] = {parameter.c_str()};
  const int sent = protocol_ == protocol::prepared
                       ? PQsendQueryPrepared(handle_.get(), shape.name, 1, values, nullptr, nullptr, 0)
                       : PQsendQueryParams(handle_.get(), shape.sql, 1, nullptr, values, nullptr, nullptr, 0);
  return sent ? await_answer() : give_up("connection");
}

// A null result comes only after ReadyForQuery: by then an error at commit would have arrived too.
answer connection::await_answer() {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout_);
  answer out;
  for (;;) {
    while (PQisBusy(handle_.get())) {
      if (!await_bytes(deadline)) return give_up("timeout");
      if (!PQconsumeInput(handle_.get())) return give_up(out ? last_words(handle_.get()) : out.error);
    }
    const result_ptr result{PQgetResult(handle_.get())};
    if (!result) break;
    take(result.get(), out);
  }
  if (!out) out.rows.clear();
  return out;
}

bool connection::await_bytes(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd watched{PQsocket(handle_.get()), POLLIN, 0};
  return left.count() > 0 && (::poll(&watched, 1, static_cast<int>(left.count())) != 0);
}

answer connection::give_up(std::string why) {
  handle_.reset();
  return {{}, std::move(why)};
}

std::string prepare_registers(connection& primary, std::size_t registers) {
  const auto created = primary.run("CREATE TABLE IF NOT EXISTS registers(key int PRIMARY KEY, value bigint NOT NULL)");
  if (!created) return "cannot create the table registers: " + created.error;
  const auto filled = primary.run("INSERT INTO registers SELECT n, 0 FROM generate_series(0, " +
                                  std::to_string(registers) + " - 1) n ON CONFLICT DO NOTHING");
  return filled ? std::string{} : "cannot fill the table registers: " + filled.error;
}

bool registers_visible(connection& node, std::size_t registers) {
  const auto seen = node.run("SELECT 0, count(*) FROM registers");
  return seen && seen.rows.size() == 1 && seen.rows[0].value >= static_cast<version>(registers);
}

}  // namespace highwater::bench
