#pragma once

// The beginning of a connection to a server: address, socket, TLS, login. In time it is there or has
// failed.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/io/connect_attempt.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/server/connect_error.hpp"
#include "proxy/server/connection_context.hpp"
#include "proxy/server/encryption.hpp"
#include "proxy/server/server_login.hpp"
#include "proxy/server/tls_request.hpp"

namespace highwater::proxy {

struct server_target {
  std::string host;
  std::uint16_t port = 0;
  node_encryption encryption{};
  std::chrono::milliseconds timeout{};  // for all of it
  std::function<server_login()> login;  // a new one for each try
};

// A connection that has logged in.
struct connected_server {
  class stream stream;    // its new owner has to tell() it
  tcp_endpoint endpoint;  // of a name's several addresses, the one that it is connected to
  std::string host;
  node_encryption encryption;
  std::unique_ptr<server_login> login;
  std::string rest;  // what has come behind the login
};

class server_connector final : stream::listener {
public:
  using outcome = std::variant<connected_server, wire::error>;
  // Called once, unless the connector is destroyed before; it may be within.
  using done_function = std::function<void(outcome)>;

  server_connector(connection_context& context, server_target to, done_function done);
  ~server_connector();

  void start();

private:
  void on_readable() override;
  void on_drained() override {}
  void connect_to(std::vector<tcp_endpoint> addresses);
  void connected(unique_socket socket);
  void take_tls_answer();
  void encrypt();
  void log_in();
  wire::error why_closed() const;
  wire::error with_first_refusal(wire::error why) const;
  void login_refused(const wire::error& why, bool like_this = true);
  bool login_with(std::string_view bytes);
  bool take_step(server_login::step step);
  void derive();
  void tell_of_other_way();
  void finish(std::string_view rest);
  void fail(wire::error why);
  void end(outcome how);

  connection_context& context_;
  server_target to_;
  done_function done_;
  connect_attempt attempt_;  // before there is a stream
  stream stream_;
  tcp_endpoint endpoint_;
  tls_request tls_;
  std::unique_ptr<server_login> login_;
  unsigned logins_ = 0;        // that have been begun
  std::string partial_;        // the beginning of a message that is not complete yet
  std::string first_refusal_;  // it has been tried the other way
  timer_queue::ticket deadline_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool asking_for_tls_ = false;
};

}  // namespace highwater::proxy
