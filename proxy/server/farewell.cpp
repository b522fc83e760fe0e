#include "proxy/server/farewell.hpp"

#include <array>
#include <memory>
#include <utility>

#include "proxy/io/stream.hpp"

namespace highwater::proxy {

namespace {

// Its deadline keeps it.
class farewell final : stream::listener, public std::enable_shared_from_this<farewell> {
public:
  farewell(event_loop& loop, timer_queue& timers, unique_socket socket, std::function<void()> gone)
      : timers_(timers), connection_(loop, std::move(socket), *this), gone_(std::move(gone)) {}

  void wait(std::chrono::milliseconds limit) {
    deadline_ = timers_.schedule(std::chrono::steady_clock::now() + limit, [self = shared_from_this()] {
      self->deadline_ = {};
      self->over();
    });
    connection_.await_readable();
  }

private:
  // What it still says is of no interest.
  void on_readable() override {
    std::array<char, 512> ignored;
    if (connection_.read(ignored.data(), ignored.size()).status == stream::read_status::closed) return over();
    connection_.await_readable();
  }
  void on_drained() override {}
  void over() {
    const auto self = shared_from_this();
    timers_.cancel(deadline_);
    connection_.close();
    if (const auto then = std::exchange(gone_, nullptr)) then();
  }

  timer_queue& timers_;
  timer_queue::ticket deadline_;
  stream connection_;
  std::function<void()> gone_;
};

}  // namespace

void await_end(event_loop& loop, timer_queue& timers, unique_socket socket, std::chrono::milliseconds limit,
               std::function<void()> gone) {
  std::make_shared<farewell>(loop, timers, std::move(socket), std::move(gone))->wait(limit);
}

}  // namespace highwater::proxy
