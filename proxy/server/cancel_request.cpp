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

  void start(const cancel_target& to, std::chrono::milliseconds limit) {
    if (to.encrypts_as != nullptr) encryption_ = *to.encrypts_as;
    host_ = to.host;
    wire::write_cancel_request(bytes_, to.key);
    deadline_ = timers_.schedule(std::chrono::steady_clock::now() + limit, [self = shared_from_this()] {
      self->deadline_ = {};
      self->finish(false);
    });
    attempt_ =
        connect_attempt(loop_, {to.endpoint}, [this](std::error_code refused, unique_socket socket, const auto&) {
          refused ? finish(false) : connected(std::move(socket));
        });
  }

private:
  void connected(unique_socket socket) {
    connection_ = stream(loop_, std::move(socket), *this);
    asks_ = encryption_.context != nullptr;
    std::string question;
    if (asks_) wire::write_ssl_request(question);
    connection_.write(asks_ ? question : bytes_);
    connection_.await_readable();
  }
  // The connection that it is about has TLS: the key is for nobody else to see.
  void encrypt(char answer) {
    asks_ = false;
    if (answer != 'S') return finish(false);
    connection_.encrypt(std::make_unique<tls_engine>(encryption_.context, encryption_.towards(host_)));
    connection_.write(bytes_);
    connection_.await_readable();
  }
  // The request itself is never answered: whatever comes is the end.
  void on_readable() override {
    char answer = 0;
    const auto got = connection_.read(&answer, 1);
    if (got.status == stream::read_status::would_block) return connection_.await_readable();
    if (asks_ && got.status == stream::read_status::data) return encrypt(answer);
    const auto* const tls = connection_.tls();
    finish(!asks_ && (tls == nullptr || (tls->established() && tls->why().empty())));
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
  node_encryption encryption_;
  std::string host_;
  std::string bytes_;
  bool asks_ = false;  // for TLS, and waits for the answer
  std::function<void(bool)> over_;
};

}  // namespace

void send_cancel_request(event_loop& loop, timer_queue& timers, const cancel_target& to,
                         std::chrono::milliseconds limit, std::function<void(bool delivered)> over) {
  std::make_shared<request>(loop, timers, std::move(over))->start(to, limit);
}

}  // namespace highwater::proxy
