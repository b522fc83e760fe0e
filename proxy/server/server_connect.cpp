// The beginning of a server connection's life: address, socket, login.

#include <spdlog/spdlog.h>

#include <utility>

#include "proxy/io/log_text.hpp"
#include "proxy/server/server_connection.hpp"

namespace highwater::proxy {

void server_connection::connect(target to) {
  baggage_.host = std::move(to.host);
  baggage_.encryption = std::move(to.encryption);
  new_login_ = std::move(to.login);
  tls_ = tls_request(baggage_.encryption.mode);
  const auto now = std::chrono::steady_clock::now();
  session().begin(now);
  deadline_ = context_->timers.schedule(now + context_->configured->pool.connect_timeout, [this] {
    deadline_ = {};
    fail_connect(because(wire::error_cause::timeout, server_lost("timeout")));
  });
  if (const auto address = numeric_endpoint(baggage_.host, to.port)) return connect_to({*address});
  context_->names.resolve(baggage_.host, to.port, context_->loop,
                          [this, alive = alive_](const boost::system::error_code& error, auto found) {
                            if (!*alive || state_ == state::closed) return;
                            error ? fail_connect(server_lost(error.message())) : connect_to(std::move(found));
                          });
}

void server_connection::connect_to(std::vector<tcp_endpoint> addresses) {
  state_ = state::connecting;
  attempt_ = connect_attempt(context_->loop, std::move(addresses),
                             [this](std::error_code error, unique_socket socket, const tcp_endpoint& to) {
                               if (error) return fail_connect(server_lost(error.message()));
                               baggage_.endpoint = to;
                               connected(std::move(socket));
                             });
}

void server_connection::connected(unique_socket socket) {
  stream_ = stream(context_->loop, std::move(socket), *this);
  if (!tls_.asks()) return log_in();
  state_ = state::asking_for_tls;
  std::string request;
  wire::write_ssl_request(request);
  stream_.write(request);
  stream_.await_readable();
}

// One byte, and no more: what comes with it in the clear would be taken for a part of the handshake, and break that
// (CVE-2021-23222).
void server_connection::take_tls_answer() {
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
      return fail_connect(
          because(wire::error_cause::credentials, {std::string(wire::sqlstate::connection_rejected),
                                                   "the server does not support SSL, but cluster.tls.mode "
                                                   "requires it",
                                                   "", "Set ssl = on there, or choose a mode that may go without."}));
    case nonsense:
      return login_refused(
          because(wire::error_cause::protocol, server_lost("the server does not know how to answer an SSLRequest")));
  }
}

void server_connection::encrypt() {
  const auto& how = baggage_.encryption;
  stream_.encrypt(std::make_unique<tls_engine>(how.context, how.towards(baggage_.host)));
  log_in();
}

void server_connection::log_in() {
  login_ = std::make_unique<server_login>(new_login_());
  ++logins_;
  state_ = state::logging_in;
  std::string first;
  login_->first(first);
  stream_.write(first);
  stream_.await_readable();
}

// What was tried before, and did not work either, may be the cause.
wire::error server_connection::with_first_refusal(wire::error why) const {
  if (first_refusal_.empty()) return why;
  why.message += std::string("; before that, ") + (tls_.asks() ? "without" : "with") + " TLS: " + first_refusal_;
  return why;
}

// `like_this`: there may be another way, see tls_request.
void server_connection::login_refused(const wire::error& why, bool like_this) {
  if (!like_this || !tls_.try_other_way(stream_.tls() != nullptr)) return fail_connect(with_first_refusal(why));
  first_refusal_ = why.message;
  stream_.close();
  login_ = nullptr;
  baggage_.partial.clear();
  connect_to({baggage_.endpoint});
}

void server_connection::fail_connect(const wire::error& why) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  context_->timers.cancel(deadline_);
  attempt_ = {};
  stream_.close();
  home_->on_connect_failed(*this, why);
}

void server_connection::login_with(std::string_view bytes, std::size_t& used) {
  if (const auto* const tls = stream_.tls()) login_->over({true, tls->peer_certificate_hash()});
  std::string answer;
  while (state_ == state::logging_in) {
    wire::frame message;
    const auto found = wire::peek_frame(bytes.substr(used), wire::reply_reader::max_held, message);
    if (found == wire::frame_status::bad_length)
      return fail_connect(because(wire::error_cause::protocol, server_lost("the server does not speak the protocol")));
    if (found == wire::frame_status::need_header || !message.complete()) break;
    used += message.available.size();
    if (!take_step(login_->take(message, answer))) return;
  }
  stream_.write(answer);
}

// False if the login is over.
bool server_connection::take_step(server_login::step step) {
  switch (step) {
    case server_login::step::failed:
      login_refused(login_->why(), login_->why().code == wire::sqlstate::invalid_authorization);
      return false;
    case server_login::step::done:
      finish_login();
      return false;
    case server_login::step::derive:
      derive();
      return true;
    case server_login::step::more:
      return true;
  }
  return true;
}

// The server says nothing before it has been answered; that it takes too long, the deadline will tell.
void server_connection::derive() {
  context_->slow.run(
      [this, alive = std::weak_ptr(alive_), login = logins_, &loop = context_->loop, slow = login_->to_derive()] {
        if (alive.expired()) return;
        loop.post([this, alive, login, salted = slow->salted()] {
          const auto life = alive.lock();
          if (life == nullptr || !*life || state_ != state::logging_in || login != logins_) return;
          std::string answer;
          if (take_step(login_->derived(salted, answer))) stream_.write(answer);
        });
      });
}

// Nobody would notice otherwise that it goes on in the clear.
void server_connection::tell_of_other_way() {
  auto& told = context_->other_ways_told;
  if (told.may_tell(std::chrono::steady_clock::now())) {
    spdlog::warn("connected to {} {} TLS, as it did not work {}: {}{}", baggage_.host, tls_.asks() ? "with" : "without",
                 tls_.asks() ? "without" : "with", first_refusal_, and_more(told.untold()));
  }
  first_refusal_.clear();
}

void server_connection::finish_login() {
  context_->timers.cancel(deadline_);
  idle_since_ = std::chrono::steady_clock::now();
  session().logged_in({login_->key(), std::move(login_->parameters()), login_->server_started(), idle_since_});
  login_ = nullptr;
  new_login_ = nullptr;
  if (!first_refusal_.empty()) tell_of_other_way();
  state_ = state::ready;
  home_->on_connected(*this);
}

}  // namespace highwater::proxy
