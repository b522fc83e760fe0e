#include "proxy/server/server_connector.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "proxy/io/log_text.hpp"
#include "proxy/wire/reply_reader.hpp"

namespace highwater::proxy {

server_connector::server_connector(connection_context& context, server_target to, done_function done)
    : context_(context), to_(std::move(to)), done_(std::move(done)), tls_(to_.encryption.mode) {}

server_connector::~server_connector() {
  *alive_ = false;
  context_.timers.cancel(deadline_);
}

void server_connector::start() {
  deadline_ = context_.timers.schedule(std::chrono::steady_clock::now() + to_.timeout, [this] {
    deadline_ = {};
    fail(because(wire::error_cause::timeout, server_lost("timeout")));
  });
  if (const auto address = numeric_endpoint(to_.host, to_.port)) return connect_to({*address});
  context_.names.resolve(to_.host, to_.port, context_.loop,
                         [this, alive = alive_](const boost::system::error_code& error, auto found) {
                           if (!*alive || !done_) return;
                           error ? fail(server_lost(error.message())) : connect_to(std::move(found));
                         });
}

void server_connector::connect_to(std::vector<tcp_endpoint> addresses) {
  attempt_ = connect_attempt(context_.loop, std::move(addresses),
                             [this](std::error_code error, unique_socket socket, const tcp_endpoint& to) {
                               if (error) return fail(server_lost(error.message()));
                               endpoint_ = to;
                               connected(std::move(socket));
                             });
}

void server_connector::connected(unique_socket socket) {
  stream_ = stream(context_.loop, std::move(socket), *this);
  if (!tls_.asks()) return log_in();
  asking_for_tls_ = true;
  std::string request;
  wire::write_ssl_request(request);
  stream_.write(request);
  stream_.await_readable();
}

// One byte, and no more: what comes with it in the clear would be taken for a part of the handshake, and break that
// (CVE-2021-23222).
void server_connector::take_tls_answer() {
  char answer = 0;
  const auto got = stream_.read(&answer, 1);
  if (got.status == stream::read_status::closed) return login_refused(server_lost("the server closed the connection"));
  if (got.status == stream::read_status::would_block) return stream_.await_readable();
  using enum tls_request::verdict;
  switch (tls_.answered(answer)) {
    case encrypt:
      return this->encrypt();
    case in_clear:
      return log_in();
    case unsupported:
      return fail(because(wire::error_cause::credentials, {std::string(wire::sqlstate::connection_rejected),
                                                           "the server does not support SSL, but cluster.tls.mode "
                                                           "requires it",
                                                           "",
                                                           "Set ssl = on there, or choose a mode that may go "
                                                           "without."}));
    case nonsense:
      return login_refused(
          because(wire::error_cause::protocol, server_lost("the server does not know how to answer an SSLRequest")));
  }
}

void server_connector::encrypt() {
  const auto& how = to_.encryption;
  stream_.encrypt(std::make_unique<tls_engine>(how.context, how.towards(to_.host)));
  log_in();
}

void server_connector::log_in() {
  asking_for_tls_ = false;
  login_ = std::make_unique<server_login>(to_.login());
  ++logins_;
  std::string first;
  login_->first(first);
  stream_.write(first);
  stream_.await_readable();
}

// Why the server cannot be spoken to.
wire::error server_connector::why_closed() const {
  const auto* const tls = stream_.tls();
  if (tls == nullptr || tls->why().empty()) return server_lost("the server closed the connection");
  return because(wire::error_cause::credentials, {std::string(wire::sqlstate::connection_rejected),
                                                  "TLS with the server failed: " + tls->why(), "", ""});
}

// What was tried before, and did not work either, may be the cause.
wire::error server_connector::with_first_refusal(wire::error why) const {
  if (first_refusal_.empty()) return why;
  why.message += std::string("; before that, ") + (tls_.asks() ? "without" : "with") + " TLS: " + first_refusal_;
  return why;
}

// `like_this`: there may be another way, see tls_request.
void server_connector::login_refused(const wire::error& why, bool like_this) {
  if (!like_this || !tls_.try_other_way(stream_.tls() != nullptr)) return fail(with_first_refusal(why));
  first_refusal_ = why.message;
  stream_.close();
  login_ = nullptr;
  partial_.clear();
  connect_to({endpoint_});
}

void server_connector::on_readable() {
  if (asking_for_tls_) return take_tls_answer();
  auto& scratch = context_.scratch;
  if (partial_.size() + wire::header_size > scratch.size()) scratch.resize(2 * partial_.size());
  partial_.copy(scratch.data(), partial_.size());
  const auto got = stream_.read(scratch.data() + partial_.size(), scratch.size() - partial_.size());
  if (got.status == stream::read_status::closed) return login_refused(why_closed());
  if (got.size != 0 && !login_with({scratch.data(), partial_.size() + got.size})) return;
  stream_.await_readable();
}

// False, here and below: it is over, or begins anew.
bool server_connector::login_with(std::string_view bytes) {
  if (const auto* const tls = stream_.tls()) login_->over({true, tls->peer_certificate_hash()});
  std::string answer;
  for (;;) {
    wire::frame message;
    const auto found = wire::peek_frame(bytes, wire::reply_reader::max_held, message);
    if (found == wire::frame_status::bad_length) {
      fail(because(wire::error_cause::protocol, server_lost("the server does not speak the protocol")));
      return false;
    }
    if (found == wire::frame_status::need_header || !message.complete()) break;
    bytes.remove_prefix(message.available.size());
    const auto step = login_->take(message, answer);
    if (step == server_login::step::done) finish(bytes);
    if (step == server_login::step::done || !take_step(step)) return false;
  }
  partial_.assign(bytes);
  stream_.write(answer);
  return true;
}

bool server_connector::take_step(server_login::step step) {
  switch (step) {
    case server_login::step::failed:
      login_refused(login_->why(), login_->why().code == wire::sqlstate::invalid_authorization);
      return false;
    case server_login::step::derive:
      derive();
      return true;
    case server_login::step::more:
    case server_login::step::done:  // by a message alone
      return true;
  }
  return true;
}

// The server says nothing before it has been answered; that it takes too long, the deadline will tell.
void server_connector::derive() {
  context_.slow.run(
      [this, alive = std::weak_ptr(alive_), login = logins_, &loop = context_.loop, slow = login_->to_derive()] {
        if (alive.expired()) return;
        loop.post([this, alive, login, salted = slow->salted()] {
          const auto life = alive.lock();
          if (life == nullptr || !*life || login_ == nullptr || login != logins_) return;
          std::string answer;
          if (take_step(login_->derived(salted, answer))) stream_.write(answer);
        });
      });
}

// Nobody would notice otherwise that it goes on in the clear.
void server_connector::tell_of_other_way() {
  auto& told = context_.other_ways_told;
  if (!told.may_tell(std::chrono::steady_clock::now())) return;
  spdlog::warn("connected to {} {} TLS, as it did not work {}: {}{}", to_.host, tls_.asks() ? "with" : "without",
               tls_.asks() ? "without" : "with", first_refusal_, and_more(told.untold()));
}

void server_connector::finish(std::string_view rest) {
  if (!first_refusal_.empty()) tell_of_other_way();
  end(connected_server{std::move(stream_), endpoint_, std::move(to_.host), std::move(to_.encryption), std::move(login_),
                       std::string(rest)});
}

void server_connector::fail(wire::error why) {
  attempt_ = {};
  stream_.close();
  login_ = nullptr;
  end(std::move(why));
}

void server_connector::end(outcome how) {
  context_.timers.cancel(deadline_);
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(how));
}

}  // namespace highwater::proxy
