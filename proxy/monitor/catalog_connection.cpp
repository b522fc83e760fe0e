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
// The server gives up first. What does not answer at all is given up here.
constexpr std::chrono::seconds statement_time{15};
constexpr const char* server_limits = "-c statement_timeout=10s -c lock_timeout=2s";

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
  const auto& settings = cluster.monitor;
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
                                  settings.user.c_str(),
                                  settings.password.c_str(),
                                  database.c_str(),
                                  "highwater catalog",
                                  server_limits,
                                  "5000",
                                  "5",
                                  "2",
                                  "3"};
  const libpq_tls tls(config::tls_of(cluster, node));
  tls.add_to(keys, values);
  keys.push_back(nullptr);
  values.push_back(nullptr);
  const auto deadline = steady_clock::now() + std::max<steady_clock::duration>(least_connect_time, settings.timeout);
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
  const auto deadline = steady_clock::now() + statement_time;
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return fail(), nullptr;
  result_ptr last;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) {
      if (!wait(POLLIN, deadline)) return nullptr;
      if (PQconsumeInput(connection_.get()) == 0) return fail(), nullptr;
    }
    result_ptr next(PQgetResult(connection_.get()));
    if (!next) return last;
    const auto status = PQresultStatus(next.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(), nullptr;
    last = std::move(next);
  }
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
