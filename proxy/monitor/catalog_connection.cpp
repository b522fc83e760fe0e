#include "proxy/monitor/catalog_connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "proxy/monitor/libpq_tls.hpp"
#include "proxy/monitor/one_line.hpp"

namespace highwater::proxy {

namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds least_connect_time{2};
constexpr std::chrono::seconds statement_time{15};
constexpr const char* server_limits = "-c statement_timeout=10s -c lock_timeout=2s";

bool is_copy(ExecStatusType status) {
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

}  // namespace

interrupt::interrupt() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

interrupt::~interrupt() {
  ::close(descriptor_);
}

void interrupt::raise() noexcept {
  eventfd_write(descriptor_, 1);
}

void interrupt::lower() noexcept {
  eventfd_t raised = 0;
  eventfd_read(descriptor_, &raised);
}

bool catalog_connection::open(const config::cluster& cluster, const config::node& node, const std::string& database) {
  const auto& monitor = cluster.monitor;
  return open(cluster, node,
              {monitor.user, monitor.password, database, "highwater catalog", server_limits, statement_time});
}

bool catalog_connection::open(const config::cluster& cluster, const config::node& node, const connection_login& as) {
  statement_time_ = as.statement_time;
  const auto port = std::to_string(node.port);
  std::vector<const char*> keys{"host",
                                "port",
                                "user",
                                "password",
                                "dbname",
                                "application_name",
                                "options",
                                "tcp_user_timeout",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count"};
  std::vector<const char*> values{node.host.c_str(),
                                  port.c_str(),
                                  as.user.c_str(),
                                  as.password.c_str(),
                                  as.database.c_str(),
                                  as.application.c_str(),
                                  as.options.c_str(),
                                  "5000",
                                  "5",
                                  "2",
                                  "3"};
  const libpq_tls tls(config::tls_of(cluster, node));
  tls.add_to(keys, values);
  keys.push_back(nullptr);
  values.push_back(nullptr);
  const auto deadline =
      steady_clock::now() + std::max<steady_clock::duration>(least_connect_time, cluster.monitor.timeout);
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
  if (!connection_) return fail("out of memory");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return fail();
  // With the SQLSTATE, which libpq does not give for a connection that was refused.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  short events = POLLOUT;
  for (;;) {
    if (!wait(events, deadline)) return false;
    const auto status = PQconnectPoll(connection_.get());
    if (status == PGRES_POLLING_OK) return true;
    if (status == PGRES_POLLING_FAILED) return fail();
    events = status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
  }
}

result_ptr catalog_connection::run(const std::string& sql) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return fail(), nullptr;
  return last_result();
}

result_ptr catalog_connection::run(const std::string& sql, const std::string& parameter) {
  const char* const value = parameter.c_str();
  if (PQsendQueryParams(connection_.get(), sql.c_str(), 1, nullptr, &value, nullptr, nullptr, 0) == 0) {
    return fail(), nullptr;
  }
  return last_result();
}

// Reads on behind a refusal: before all is read, nothing else may be sent.
result_ptr catalog_connection::last_result() {
  const auto deadline = steady_clock::now() + statement_time_;
  result_ptr last, refusal;
  refused_.clear();
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) {
      if (!wait(POLLIN, deadline)) return nullptr;
      if (PQconsumeInput(connection_.get()) == 0) return fail(), nullptr;
    }
    result_ptr next(PQgetResult(connection_.get()));
    if (!next) break;
    const auto status = PQresultStatus(next.get());
    if (is_copy(status)) return fail("COPY has no place here"), nullptr;
    const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (done || !refusal) (done ? last : refusal) = std::move(next);
  }
  if (refusal) return note(*refusal), nullptr;
  return last;
}

void catalog_connection::note(const PGresult& refusal) {
  fail(PQresultErrorMessage(&refusal));
  const char* const state = PQresultErrorField(&refusal, PG_DIAG_SQLSTATE);
  if (state != nullptr && PQstatus(connection_.get()) == CONNECTION_OK) refused_ = state;
}

bool catalog_connection::no_such_database() const noexcept {
  return problem_.find(":  3D000: ") != std::string::npos;
}

bool catalog_connection::fail(const std::string& why) {
  problem_ = one_line(why.empty() ? PQerrorMessage(connection_.get()) : why);
  // The place in the server's source.
  problem_.erase(std::min(problem_.find("; LOCATION:"), problem_.size()));
  return false;
}

bool catalog_connection::wait(short events, time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    std::array<pollfd, 2> watched{{{PQsocket(connection_.get()), events, 0}, {until_.descriptor(), POLLIN, 0}}};
    const int ready = poll(watched.data(), watched.size(), static_cast<int>(std::max<long>(0, left.count())));
    if (ready < 0 && errno != EINTR) return fail(std::generic_category().message(errno));
    if (watched[1].revents != 0 && ready > 0) return fail("interrupted");
    if (ready > 0) return true;
    if (steady_clock::now() >= deadline) return fail("no answer in time");
  }
}

}  // namespace highwater::proxy
