#pragma once

// A Unix-domain socket for clients, where libpq looks for it: <folder>/.s.PGSQL.<port>.

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <string>

namespace highwater::proxy {

class unix_listener {
public:
  enum class open_to : std::uint8_t {
    everybody,  // on the machine: who may log in is said by rules
    own_user,   // ... that this process runs as
  };
  // Takes the place of a socket file on which nobody listens any more. Throws std::runtime_error.
  unix_listener(boost::asio::io_context& io, const std::string& folder, std::uint16_t port,
                open_to whom = open_to::everybody);
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
