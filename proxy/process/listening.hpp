#pragma once

// Where clients come in: sockets that are listened on, and what is accepted from them.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "proxy/client/client_address.hpp"
#include "proxy/process/unix_listener.hpp"

namespace highwater::proxy {

// For people: "127.0.0.1:6432", "[::1]:6432".
std::string text_of(const boost::asio::ip::tcp::endpoint& where);
// Throws std::runtime_error, which says what cannot be listened on and why.
boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& io, const config::endpoint& where, const char* what);

class listening {
public:
  // `clients`: how many there are, for the log. What is accepted goes to `serve`. Throws std::runtime_error.
  // `operators`: a folder for a socket of theirs; empty: there is none.
  listening(boost::asio::io_context& io, const config::listener& where, const std::string& operators,
            std::function<unsigned()> clients, std::function<void(accepted_client)> serve);

  void start();
  // Who else may say from now on whose connection it is. On the context's thread.
  void follow(std::vector<config::network> balancers) { balancers_ = std::move(balancers); }
  // Unix-domain sockets leave the file system.
  void stop();      // but operators still come in
  void stop_all();  // nobody does
  boost::asio::ip::tcp::endpoint endpoint() const { return tcp_.local_endpoint(); }

private:
  void accept_tcp();
  void accept_unix();
  void accept_operators();
  template <class Socket>
  void serve_local(Socket socket, bool operates);
  // False if the listener has been stopped.
  template <class Acceptor>
  bool accepted(const boost::system::error_code& error, Acceptor& from, void (listening::*again)());

  boost::asio::ip::tcp::acceptor tcp_;
  std::optional<unix_listener> unix_;
  std::optional<unix_listener> operators_;
  std::vector<config::network> balancers_;  // who says whose connection it is
  boost::asio::ip::tcp::endpoint peer_;
  std::function<unsigned()> clients_;
  std::function<void(accepted_client)> serve_;
  bool cannot_accept_ = false;
};

}  // namespace highwater::proxy
