#pragma once

// A Unix-domain socket for clients, where libpq looks for it: <folder>/.s.PGSQL.<port>.

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <string>

namespace highwater::proxy {

class unix_listener {
public:
  // Takes the place of a socket file on which nobody listens any more. Everybody on the machine may connect: who may
  // log in is said by rules. Throws std::runtime_error.
  unix_listener(boost::asio::io_context& io, const std::string& folder, std::uint16_t port);
  ~unix_listener() { close(); }
  unix_listener(const unix_listener&) = delete;
  unix_listener& operator=(const unix_listener&) = delete;

  boost::asio::local::stream_protocol::acceptor& acceptor() noexcept { return acceptor_; }
  const std::string& path() const noexcept { return path_; }
  void close() noexcept;  // and removes the file

private:
  std::string path_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
};

}  // namespace highwater::proxy
