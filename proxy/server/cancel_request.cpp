#include "proxy/server/cancel_request.hpp"

#include <memory>
#include <string>
#include <utility>

#include "proxy/io/stream.hpp"

namespace highwater::proxy {

namespace {

// Its deadline keeps it.
class request final : stream::listener, public std::enable_shared_from_this<request> {
public:
  request(event_loop& loop, timer_queue& timers, std::function<void(bool)> over)
      : loop_(loop), timers_(timers), over_(std::move(over)) {}

  void start(const tcp_endpoint& to, wire::backend_key_message key, std::chrono::milliseconds limit) {
    deadline_ = timers_.schedule(std::chrono::steady_clock::now() + limit, [self = shared_from_this()] {
      self->deadline_ = {};
      self->finish(false);
    });
    attempt_ = connect_attempt(loop_, {to}, [this, key](std::error_code refused, unique_socket socket, const auto&) {
      refused ? finish(false) : send(std::move(socket), key);
    });
  }

private:
  void send(unique_socket socket, wire::backend_key_message key) {
    connection_ = stream(loop_, std::move(socket), *this);
    std::string bytes;
    wire::write_cancel_request(bytes, key);
    connection_.write(bytes);
    connection_.await_readable();
  }
  // Nothing is ever answered: whatever comes is the end.
  void on_readable() override {
    char answer = 0;
    if (connection_.read(&answer, 1).status != stream::read_status::would_block) return finish(true);
    connection_.await_readable();
  }
  void on_drained() override {}
  void finish(bool delivered) {
    const auto self = shared_from_this();
    timers_.cancel(deadline_);
    connection_.close();
    if (const auto over = std::exchange(over_, nullptr)) over(delivered);
  }

  event_loop& loop_;
  timer_queue& timers_;
  timer_queue::ticket deadline_;
  connect_attempt attempt_;
  stream connection_;
  std::function<void(bool)> over_;
};

}  // namespace

void send_cancel_request(event_loop& loop, timer_queue& timers, const tcp_endpoint& to, wire::backend_key_message key,
                         std::chrono::milliseconds limit, std::function<void(bool delivered)> over) {
  std::make_shared<request>(loop, timers, std::move(over))->start(to, key, limit);
}

}  // namespace highwater::proxy
