#include "tests/support/pg.hpp"

namespace highwater::testing_support::pg {
namespace {

void remember_notice(void* notices, const PGresult* notice) {
  const char* text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  static_cast<std::vector<std::string>*>(notices)->emplace_back(text ? text : "");
}

std::vector<const char*> pointers(const std::vector<field>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  return values;
}

}  // namespace

bool result::ok() const {
  switch (status()) {
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
    case PGRES_PIPELINE_ABORTED:
      return false;
    default:
      return true;
  }
}

std::string result::diagnostic(int which) const {
  const char* text = PQresultErrorField(owned_.get(), which);
  if (text) return text;
  return which == PG_DIAG_MESSAGE_PRIMARY ? PQresultErrorMessage(owned_.get()) : "";
}

field result::at(int row, int column) const {
  if (row >= rows() || column >= columns()) {
    throw error("", "no row " + std::to_string(row) + ", column " + std::to_string(column) +
                        " in the result: " + (ok() ? tag() : message()));
  }
  if (PQgetisnull(owned_.get(), row, column)) return std::nullopt;
  return std::string(PQgetvalue(owned_.get(), row, column),
                     static_cast<std::size_t>(PQgetlength(owned_.get(), row, column)));
}

std::vector<std::vector<std::string>> result::table() const {
  std::vector<std::vector<std::string>> all(static_cast<std::size_t>(rows()));
  for (int row = 0; row < rows(); ++row) {
    for (int column = 0; column < columns(); ++column) all[static_cast<std::size_t>(row)].push_back(text(row, column));
  }
  return all;
}

connection::connection(const std::string& conninfo)
    : owned_(PQconnectdb(("connect_timeout=20 " + conninfo).c_str()), &PQfinish) {
  if (broken()) throw error("", PQerrorMessage(owned_.get()));
  PQsetNoticeReceiver(owned_.get(), &remember_notice, notices_.get());
}

result connection::exec(const std::string& sql) {
  return result(PQexec(owned_.get(), sql.c_str()));
}

result connection::exec_params(const std::string& sql, const std::vector<field>& parameters) {
  return result(PQexecParams(owned_.get(), sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                             pointers(parameters).data(), nullptr, nullptr, 0));
}

result connection::prepare(const std::string& name, const std::string& sql) {
  return result(PQprepare(owned_.get(), name.c_str(), sql.c_str(), 0, nullptr));
}

result connection::exec_prepared(const std::string& name, const std::vector<field>& parameters) {
  return result(PQexecPrepared(owned_.get(), name.c_str(), static_cast<int>(parameters.size()),
                               pointers(parameters).data(), nullptr, nullptr, 0));
}

result connection::must(const std::string& sql) {
  auto answer = exec(sql);
  if (!answer.ok()) throw error(answer.sqlstate(), sql + ": " + answer.sqlstate() + " " + answer.message());
  return answer;
}

std::string connection::scalar(const std::string& sql) {
  return must(sql).text();
}

void connection::check(int success) const {
  if (success != 1) throw error("", PQerrorMessage(owned_.get()));
}

void connection::enter_pipeline() {
  check(PQenterPipelineMode(owned_.get()));
}
void connection::exit_pipeline() {
  check(PQexitPipelineMode(owned_.get()));
}
void connection::sync() {
  check(PQpipelineSync(owned_.get()));
}

void connection::send_params(const std::string& sql, const std::vector<field>& parameters) {
  check(PQsendQueryParams(owned_.get(), sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                          pointers(parameters).data(), nullptr, nullptr, 0));
}

std::optional<result> connection::next() {
  PGresult* answer = PQgetResult(owned_.get());
  if (!answer) return std::nullopt;
  return result(answer);
}

bool connection::cancel() {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> request(PQgetCancel(owned_.get()), &PQfreeCancel);
  char reason[256];
  return request && PQcancel(request.get(), reason, sizeof reason) == 1;
}

std::string connection::setting(const std::string& name) const {
  const char* value = PQparameterStatus(owned_.get(), name.c_str());
  return value ? value : "";
}

}  // namespace highwater::testing_support::pg
