// The beginning of a server connection's life: address, socket, login.

#include <utility>

#include "proxy/server/server_connection.hpp"

namespace highwater::proxy {

void server_connection::connect(const std::string& host, std::uint16_t port, server_login login) {
  login_ = std::make_unique<server_login>(std::move(login));
  const auto now = std::chrono::steady_clock::now();
  session().begin(now);
  deadline_ = context_->timers.schedule(now + context_->connect_timeout, [this] {
    deadline_ = {};
    fail_connect(because(wire::error_cause::timeout, server_lost("timeout")));
  });
  if (const auto address = numeric_endpoint(host, port)) return connect_to({*address});
  context_->names.resolve(host, port, context_->loop,
                          [this, alive = alive_](const boost::system::error_code& error, auto found) {
                            if (!*alive || state_ == state::closed) return;
                            error ? fail_connect(server_lost(error.message())) : connect_to(std::move(found));
                          });
}

void server_connection::connect_to(std::vector<tcp_endpoint> addresses) {
  attempt_ = connect_attempt(context_->loop, std::move(addresses),
                             [this](std::error_code error, unique_socket socket, const tcp_endpoint& to) {
                               if (error) return fail_connect(server_lost(error.message()));
                               baggage_.endpoint = to;
                               log_in(std::move(socket));
                             });
}

void server_connection::log_in(unique_socket socket) {
  stream_ = stream(context_->loop, std::move(socket), *this);
  state_ = state::logging_in;
  std::string first;
  login_->first(first);
  stream_.write(first);
  stream_.await_readable();
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
  std::string answer;
  while (state_ == state::logging_in) {
    wire::frame message;
    const auto found = wire::peek_frame(bytes.substr(used), wire::reply_reader::max_held, message);
    if (found == wire::frame_status::bad_length)
      return fail_connect(because(wire::error_cause::protocol, server_lost("the server does not speak the protocol")));
    if (found == wire::frame_status::need_header || !message.complete()) break;
    used += message.available.size();
    switch (login_->take(message, answer)) {
      case server_login::step::failed:
        return fail_connect(login_->why());
      case server_login::step::done:
        return finish_login();
      case server_login::step::more:
        break;
    }
  }
  stream_.write(answer);
}

void server_connection::finish_login() {
  context_->timers.cancel(deadline_);
  idle_since_ = std::chrono::steady_clock::now();
  session().logged_in({login_->key(), std::move(login_->parameters()), login_->server_started(), idle_since_});
  login_ = nullptr;
  state_ = state::ready;
  home_->on_connected(*this);
}

}  // namespace highwater::proxy
