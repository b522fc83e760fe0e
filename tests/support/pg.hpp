#pragma once

// libpq with destructors. Errors come back in the result; `must` and `scalar` throw them.

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace highwater::testing_support::pg {

struct error : std::runtime_error {
  error(std::string state, const std::string& message) : std::runtime_error(message), sqlstate(std::move(state)) {}
  std::string sqlstate;  // empty if the server did not say: the connection broke
};

using field = std::optional<std::string>;  // none: NULL

class result {
public:
  explicit result(PGresult* owned) : owned_(owned, &PQclear) {}

  ExecStatusType status() const { return PQresultStatus(owned_.get()); }
  bool ok() const;
  std::string sqlstate() const { return diagnostic(PG_DIAG_SQLSTATE); }  // empty without an error
  std::string message() const { return diagnostic(PG_DIAG_MESSAGE_PRIMARY); }
  std::string diagnostic(int which) const;
  std::string tag() const { return PQcmdStatus(owned_.get()); }

  int rows() const { return PQntuples(owned_.get()); }
  int columns() const { return PQnfields(owned_.get()); }
  field at(int row, int column) const;
  std::string text(int row = 0, int column = 0) const { return at(row, column).value_or("NULL"); }
  std::vector<std::vector<std::string>> table() const;  // NULL as "NULL"

  PGresult* raw() const { return owned_.get(); }

private:
  std::unique_ptr<PGresult, decltype(&PQclear)> owned_;
};

class connection {
public:
  explicit connection(const std::string& conninfo);  // throws pg::error

  result exec(const std::string& sql);  // the simple protocol; of several statements the last one's result
  result exec_params(const std::string& sql, const std::vector<field>& parameters);  // the extended protocol
  result prepare(const std::string& name, const std::string& sql);
  result exec_prepared(const std::string& name, const std::vector<field>& parameters);

  result must(const std::string& sql);  // exec that throws pg::error
  std::string scalar(const std::string& sql);

  // Pipeline mode. Nothing is sent before sync() or flush(); next() ends each query's results with none.
  void enter_pipeline();
  void exit_pipeline();
  void send_params(const std::string& sql, const std::vector<field>& parameters = {});
  void sync();
  std::optional<result> next();

  bool cancel();  // true if the request was dispatched
  int backend_pid() const { return PQbackendPID(owned_.get()); }
  int socket() const { return PQsocket(owned_.get()); }
  PGTransactionStatusType transaction() const { return PQtransactionStatus(owned_.get()); }
  bool broken() const { return PQstatus(owned_.get()) == CONNECTION_BAD; }
  std::string setting(const std::string& name) const;  // as reported by ParameterStatus
  std::vector<std::string>& notices() { return *notices_; }

  PGconn* raw() const { return owned_.get(); }

private:
  void check(int success) const;

  std::unique_ptr<std::vector<std::string>> notices_ = std::make_unique<std::vector<std::string>>();
  std::unique_ptr<PGconn, decltype(&PQfinish)> owned_;
};

}  // namespace highwater::testing_support::pg
