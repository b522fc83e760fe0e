#include "proxy/server/cancel_request.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

namespace highwater::proxy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

class request : public std::enable_shared_from_this<request> {
public:
  request(asio::io_context& io, std::function<void(bool)> over) : socket_(io), timer_(io), over_(std::move(over)) {}

  void start(const asio::ip::tcp::endpoint& to, wire::backend_key_message key, std::chrono::milliseconds limit) {
    wire::write_cancel_request(bytes_, key);
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->finish(false);
    });
    socket_.async_connect(to, [self = shared_from_this()](const error_code& refused) {
      if (refused) return self->finish(false);
      self->send();
    });
  }

private:
  void send() {
    asio::async_write(socket_, asio::buffer(bytes_),
                      [self = shared_from_this()](const error_code& broken, std::size_t) {
                        if (broken) return self->finish(false);
                        self->await_end();
                      });
  }
  // Nothing is ever answered: whatever comes is the end.
  void await_end() {
    socket_.async_read_some(asio::buffer(&answer_, 1),
                            [self = shared_from_this()](const error_code&, std::size_t) { self->finish(true); });
  }
  void finish(bool delivered) {
    if (!over_) return;
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    std::exchange(over_, nullptr)(delivered);
  }

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::function<void(bool)> over_;
  std::string bytes_;
  char answer_ = 0;
};

}  // namespace

void send_cancel_request(asio::io_context& io, const asio::ip::tcp::endpoint& to, wire::backend_key_message key,
                         std::chrono::milliseconds limit, std::function<void(bool delivered)> over) {
  std::make_shared<request>(io, std::move(over))->start(to, key, limit);
}

}  // namespace highwater::proxy
