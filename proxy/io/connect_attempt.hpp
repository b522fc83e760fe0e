#pragma once

// Makes a TCP connection without blocking: to the first of several addresses that takes it. Belongs to one thread.

#include <boost/asio/ip/tcp.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "proxy/io/event_loop.hpp"
#include "proxy/io/unique_socket.hpp"

namespace highwater::proxy {

using tcp_endpoint = boost::asio::ip::tcp::endpoint;

// Of a host that is an address; nothing for a name.
std::optional<tcp_endpoint> numeric_endpoint(const std::string& host, std::uint16_t port);

class connect_attempt {
public:
  // With a connected socket, or with the error of the last address.
  using done_function = std::function<void(std::error_code error, unique_socket socket, const tcp_endpoint& to)>;

  connect_attempt() noexcept;
  // `done` is called once, from the loop, unless the attempt is given up by then. There is no limit of time but the
  // system's: that is the caller's to set.
  connect_attempt(event_loop& loop, std::vector<tcp_endpoint> addresses, done_function done);
  connect_attempt(connect_attempt&& other) noexcept;
  connect_attempt& operator=(connect_attempt&& other) noexcept;
  ~connect_attempt();

private:
  class core;
  boost::intrusive_ptr<core> core_;
};

}  // namespace highwater::proxy
