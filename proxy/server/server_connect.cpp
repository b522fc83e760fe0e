// The beginning of a server connection's life: address, socket, login.

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "proxy/server/server_connection.hpp"

namespace highwater::proxy {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

void server_connection::connect(const std::string& host, std::uint16_t port, server_login login) {
  login_ = std::make_unique<server_login>(std::move(login));
  const auto now = std::chrono::steady_clock::now();
  session().begin(now);
  deadline_ = context_->timers.schedule(now + context_->connect_timeout, [this] {
    deadline_ = {};
    fail_connect(server_lost("timeout"));
  });
  auto socket = std::make_shared<tcp::socket>(context_->io);
  const auto connected = [this, alive = alive_, socket](const boost::system::error_code& error,
                                                        const tcp::endpoint& to) {
    if (!*alive || state_ == state::closed) return;
    if (error) return fail_connect(server_lost(error.message()));
    baggage_.endpoint = to;
    stream_ = stream(std::move(*socket), *this);
    state_ = state::logging_in;
    std::string first;
    login_->first(first);
    stream_.write(first);
    stream_.await_readable();
  };
  boost::system::error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) return asio::async_connect(*socket, std::array{tcp::endpoint(address, port)}, connected);
  auto resolver = std::make_shared<tcp::resolver>(context_->io);
  resolver->async_resolve(host, std::to_string(port),
                          [socket, resolver, connected](const boost::system::error_code& error, const auto& found) {
                            if (error) return connected(error, {});
                            asio::async_connect(*socket, found, connected);
                          });
}

void server_connection::fail_connect(const wire::error& why) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  context_->timers.cancel(deadline_);
  stream_.close();
  home_->on_connect_failed(*this, why);
}

void server_connection::login_with(std::string_view bytes, std::size_t& used) {
  std::string answer;
  while (state_ == state::logging_in) {
    wire::frame message;
    const auto found = wire::peek_frame(bytes.substr(used), wire::reply_reader::max_held, message);
    if (found == wire::frame_status::bad_length)
      return fail_connect(server_lost("the server does not speak the protocol"));
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
