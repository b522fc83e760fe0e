#include "proxy/process/listening.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

namespace highwater::proxy {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::milliseconds pause{100};

config::ip ip_of(const asio::ip::address& address) {
  return address.is_v4() ? config::ip(address.to_v4().to_bytes()) : config::ip(address.to_v6().to_bytes());
}

}  // namespace

std::string text_of(const tcp::endpoint& where) {
  return client_address{ip_of(where.address()), where.port()}.text();
}

tcp::acceptor listen_on(asio::io_context& io, const config::endpoint& where, const char* what) {
  try {
    return {io, tcp::endpoint(asio::ip::make_address(where.address), where.port)};
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error(std::string("cannot listen on ") + where.address + ":" + std::to_string(where.port) +
                             " for " + what + ": " + error.code().message());
  }
}

listening::listening(asio::io_context& io, const config::listener& where, const std::string& operators,
                     std::function<unsigned()> clients, std::function<void(accepted_client)> serve)
    : tcp_(listen_on(io, where, "clients")),
      balancers_(where.proxy_protocol),
      clients_(std::move(clients)),
      serve_(std::move(serve)) {
  if (!where.unix_socket.empty()) unix_.emplace(io, where.unix_socket, endpoint().port());
  if (!operators.empty()) operators_.emplace(io, operators, endpoint().port(), unix_listener::open_to::own_user);
}

void listening::start() {
  accept_tcp();
  if (unix_) accept_unix();
  if (operators_) accept_operators();
}

void listening::stop() {
  boost::system::error_code ignored;
  tcp_.close(ignored);
  if (unix_) unix_->close();
}

void listening::stop_all() {
  stop();
  if (operators_) operators_->close();
}

// Out of descriptors, above all: it passes when clients leave, and asking at once would only keep a processor busy.
template <class Acceptor>
bool listening::accepted(const boost::system::error_code& error, Acceptor& from, void (listening::*again)()) {
  if (!from.is_open()) return false;
  if (!error) {
    if (std::exchange(cannot_accept_, false)) spdlog::info("clients are accepted again");
    return true;
  }
  if (!std::exchange(cannot_accept_, true)) {
    spdlog::error("cannot accept clients, who have to wait: {}; there are {}", error.message(), clients_());
  }
  auto timer = std::make_shared<asio::steady_timer>(from.get_executor(), pause);
  timer->async_wait([this, again, timer, &from](const boost::system::error_code&) {
    if (from.is_open()) (this->*again)();
  });
  return false;
}

void listening::accept_tcp() {
  tcp_.async_accept(peer_, [this](const boost::system::error_code& error, tcp::socket socket) {
    if (!accepted(error, tcp_, &listening::accept_tcp)) return;
    boost::system::error_code ignored;
    const auto from = client_address{ip_of(peer_.address()), peer_.port()};
    const bool announced = std::ranges::any_of(balancers_, [&](const auto& each) { return contains(each, *from.ip); });
    serve_({unique_socket(socket.release(ignored)), from, announced});
    accept_tcp();
  });
}

template <class Socket>
void listening::serve_local(Socket socket, bool operates) {
  boost::system::error_code ignored;
  serve_({.socket = unique_socket(socket.release(ignored)), .operates = operates});
}

void listening::accept_unix() {
  using local = asio::local::stream_protocol;
  unix_->acceptor().async_accept([this](const boost::system::error_code& error, local::socket socket) {
    if (!accepted(error, unix_->acceptor(), &listening::accept_unix)) return;
    serve_local(std::move(socket), false);
    accept_unix();
  });
}

void listening::accept_operators() {
  using local = asio::local::stream_protocol;
  operators_->acceptor().async_accept([this](const boost::system::error_code& error, local::socket socket) {
    if (!accepted(error, operators_->acceptor(), &listening::accept_operators)) return;
    serve_local(std::move(socket), true);
    accept_operators();
  });
}

}  // namespace highwater::proxy
