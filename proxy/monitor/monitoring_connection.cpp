#include "proxy/monitor/monitoring_connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "proxy/monitor/one_line.hpp"

namespace highwater::proxy {

namespace asio = boost::asio;
using wait_type = asio::posix::stream_descriptor::wait_type;

monitoring_connection::monitoring_connection(asio::io_context& io, name_resolver& names, const config::cluster& cluster,
                                             const config::node& node, listener& to)
    : io_(io),
      node_(node),
      settings_(cluster.monitor),
      tls_(config::tls_of(cluster, node)),
      listener_(to),
      names_(names) {}

monitoring_connection::~monitoring_connection() {
  close();
}

void monitoring_connection::close() noexcept {
  ++*life_;
  // Given up while connecting: the address may be one that swallows everything, so another goes first next time.
  if (connection_ && PQstatus(connection_.get()) != CONNECTION_OK) ++first_address_;
  if (socket_) {
    // libpq owns the descriptor.
    socket_->release();
    socket_.reset();
  }
  connection_.reset();
  identity_.reset();
  answer_.reset();
  error_.clear();
  asking_ = running_ = reading_ = false;
}

std::string monitoring_connection::last_error() const {
  return one_line(PQerrorMessage(connection_.get()));
}

void monitoring_connection::fail(const std::string& why) {
  close();
  listener_.on_failure(why);
}

void monitoring_connection::connect() {
  close();
  boost::system::error_code not_numeric;
  asio::ip::make_address(node_.host, not_numeric);
  if (!not_numeric) return start({node_.host});
  // libpq would block on the name.
  const auto found = [this, life = life_, mine = *life_](const boost::system::error_code& error,
                                                         const name_resolver::addresses& all) {
    if (*life != mine) return;
    if (error || all.empty()) return fail("cannot resolve " + node_.host + ": " + error.message());
    std::vector<std::string> addresses;
    for (const auto& one : all) addresses.push_back(one.address().to_string());
    start(std::move(addresses));
  };
  names_.resolve(node_.host, node_.port, [&io = io_, found](const auto& error, const auto& all) {
    asio::post(io, [found, error, all] { found(error, all); });
  });
}

// libpq tries them in this order, each with the host of the same place in its list.
void monitoring_connection::start(std::vector<std::string> addresses) {
  const auto first = static_cast<std::ptrdiff_t>(first_address_ % addresses.size());
  std::rotate(addresses.begin(), addresses.begin() + first, addresses.end());
  std::string hosts, numeric;
  for (const auto& one : addresses) {
    hosts.append(hosts.empty() ? "" : ",").append(node_.host);
    numeric.append(numeric.empty() ? "" : ",").append(one);
  }
  const auto port = std::to_string(node_.port);
  std::vector<const char*> keys{"host",   "hostaddr",         "port",   "user", "password",
                                "dbname", "application_name", "options"};
  std::vector<const char*> values{hosts.c_str(),
                                  numeric.c_str(),
                                  port.c_str(),
                                  settings_.user.c_str(),
                                  settings_.password.c_str(),
                                  settings_.database.c_str(),
                                  "highwater monitor",
                                  "-c statement_timeout=0 -c idle_session_timeout=0 -c synchronous_commit=local"};
  tls_.add_to(keys, values);
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD || PQsocket(connection_.get()) < 0) {
    return fail(connection_ ? last_error() : "out of memory");
  }
  PQsetnonblocking(connection_.get(), 1);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  use_socket();
  await(wait_type::wait_write, &monitoring_connection::poll_connection);
}

// libpq replaces the socket when it goes on to another address, and the new one may have the old one's number. The
// event loop knows nothing of that, so it is told anew.
void monitoring_connection::use_socket() {
  if (socket_) socket_->release();
  socket_.reset();
  if (PQsocket(connection_.get()) >= 0) socket_.emplace(io_, PQsocket(connection_.get()));
}

void monitoring_connection::await(wait_type what, handler then) {
  socket_->async_wait(what, [this, life = life_, mine = *life_, then](const boost::system::error_code& error) {
    if (*life != mine || error == asio::error::operation_aborted) return;
    (this->*then)();
  });
}

// There is always one wait for reading, and never two: what comes between questions is the end of the connection.
void monitoring_connection::await_answer() {
  if (!std::exchange(reading_, true)) await(wait_type::wait_read, &monitoring_connection::receive);
}

void monitoring_connection::poll_connection() {
  const auto status = PQconnectPoll(connection_.get());
  use_socket();
  switch (status) {
    case PGRES_POLLING_READING:
      return await(wait_type::wait_read, &monitoring_connection::poll_connection);
    case PGRES_POLLING_WRITING:
      return await(wait_type::wait_write, &monitoring_connection::poll_connection);
    case PGRES_POLLING_OK:
      asking_ = true;
      return send(PQsendQuery(connection_.get(),
                              // What is asked again and again is planned once.
                              (std::string("SET plan_cache_mode = force_generic_plan; PREPARE ") + sample_statement +
                               sample_types + " AS " + sample_sql + "; " + identity_sql)
                                  .c_str()) == 1);
    default:
      return fail(last_error());
  }
}

void monitoring_connection::ask(routing::instant sent, const proof_question& about) {
  sent_ = sent;
  asking_ = true;
  const std::array<const char*, 2> values{about.snapshot.empty() ? nullptr : about.snapshot.c_str(),
                                          about.census ? "t" : "f"};
  send(PQsendQueryPrepared(connection_.get(), sample_statement, values.size(), values.data(), nullptr, nullptr, 0) ==
       1);
}

void monitoring_connection::run(const char* sql) {
  asking_ = running_ = true;
  send(PQsendQuery(connection_.get(), sql) == 1);
}

void monitoring_connection::send(bool sent) {
  if (!sent) return fail(last_error());
  flush();
}

void monitoring_connection::flush() {
  const int left = PQflush(connection_.get());
  if (left < 0) return fail(last_error());
  if (left > 0) return await(wait_type::wait_write, &monitoring_connection::flush);
  await_answer();
}

void monitoring_connection::receive() {
  reading_ = false;
  if (PQconsumeInput(connection_.get()) == 0) return fail(last_error());
  while (PQisBusy(connection_.get()) == 0) {
    PGresult* result = PQgetResult(connection_.get());
    if (result == nullptr) {
      if (std::exchange(asking_, false)) return finish_question();
      break;
    }
    take(result);
    PQclear(result);
  }
  await_answer();
}

void monitoring_connection::take(PGresult* result) {
  const auto status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK) return;
  if (status != PGRES_TUPLES_OK || PQntuples(result) != 1) {
    error_ = status == PGRES_TUPLES_OK ? "unexpected answer" : last_error();
    return;
  }
  if (running_) return;
  sample_row columns;
  for (int i = 0; i < PQnfields(result); ++i) {
    columns.push_back(PQgetisnull(result, 0, i) ? nullptr : PQgetvalue(result, 0, i));
  }
  if (!identity_) {
    identity_ = read_identity(columns);
    if (!identity_) error_ = "the node does not say who it is";
  } else {
    answer_ = read_sample(columns, identity_->wal, sent_);
    if (!answer_) error_ = "the node does not say where it is";
  }
}

void monitoring_connection::finish_question() {
  if (!error_.empty()) return fail(std::exchange(error_, {}));
  await_answer();
  if (std::exchange(running_, false)) return listener_.on_done();
  if (answer_) {
    auto answer = *std::exchange(answer_, std::nullopt);
    answer.answered = std::chrono::steady_clock::now();
    return listener_.on_sample(answer);
  }
  listener_.on_identity(*identity_);
}

}  // namespace highwater::proxy
