#include "proxy/server/farewell.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace highwater::proxy {

namespace {

namespace asio = boost::asio;

struct farewell : std::enable_shared_from_this<farewell> {
  farewell(asio::io_context& io, int socket, std::function<void()> then)
      : connection(io, socket), timer(io), gone(std::move(then)) {}

  void wait(std::chrono::milliseconds limit) {
    timer.expires_after(limit);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->over();
    });
    read();
  }
  // What it still says is of no interest.
  void read() {
    connection.async_read_some(asio::buffer(ignored),
                               [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                                 error ? self->over() : self->read();
                               });
  }
  void over() {
    timer.cancel();
    boost::system::error_code already;
    connection.close(already);
    if (const auto then = std::exchange(gone, nullptr)) then();
  }

  asio::posix::stream_descriptor connection;
  asio::steady_timer timer;
  std::array<char, 512> ignored{};
  std::function<void()> gone;
};

}  // namespace

void await_end(asio::io_context& io, int socket, std::chrono::milliseconds limit, std::function<void()> gone) {
  std::make_shared<farewell>(io, socket, std::move(gone))->wait(limit);
}

}  // namespace highwater::proxy
