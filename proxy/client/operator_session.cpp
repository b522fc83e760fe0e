#include "proxy/client/operator_session.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/console_desk.hpp"
#include "proxy/client/context.hpp"

namespace highwater::proxy {

namespace {

// How much of what it sends is held, and how much of what it does not read: then it has to wait.
constexpr std::size_t most_input = console::exchange::longest_message + wire::header_size;
constexpr std::size_t most_output = 256U << 10U;

}  // namespace

operator_session::operator_session(worker_context& worker, newcomer who)
    : worker_(worker),
      socket_(std::move(who.socket)),
      input_(std::move(who.input)),
      place_(std::move(who.place)),
      exchange_({*who.operates, std::move(who.user), std::string(worker.shared.desk->version())}),
      minor_(static_cast<std::uint8_t>(who.minor)) {
  socket_.tell(*this);
}

void operator_session::start() {
  const auto alive = shared_from_this();
  const auto cancelling = [&loop = worker_.loop, weak = weak_from_this()](cancel_registry::over_function over) {
    loop.post([weak, over = std::move(over)] {
      if (const auto self = weak.lock()) self->cancel();
      over();
    });
  };
  const auto key = worker_.shared.cancels.add(worker_.cancel_secret(wire::cancel_secret_size(minor_)), cancelling);
  identity_ = cancel_registry::identity_of(key);
  std::string out;
  exchange_.welcome(out, key);
  socket_.write(out);
  process();
}

bool operator_session::has_room() const noexcept {
  return input_.size() < most_input;
}

// It reads on while a command is run, too: whoever has gone away waits for nothing any more.
void operator_session::await_more() {
  if (!over_ && has_room() && socket_.pending() < most_output) socket_.await_readable();
}

void operator_session::on_readable() {
  const auto alive = shared_from_this();
  auto& scratch = worker_.scratch;
  const auto got = socket_.read(scratch.data(), std::min(most_input - input_.size(), scratch.size()));
  if (got.status == stream::read_status::closed) return end();
  input_.append(scratch, 0, got.size);
  process();
}

void operator_session::on_drained() {
  const auto alive = shared_from_this();
  process();
}

void operator_session::process() {
  using step = console::exchange::step;
  if (over_) return;
  if (asking_ || socket_.pending() >= most_output) return await_more();
  std::string out;
  std::size_t used = 0;
  const auto next = exchange_.take(input_, used, out);
  input_.erase(0, used);
  socket_.write(out);
  if (next == step::closed) {
    socket_.close_when_drained();
    return end();
  }
  if (next == step::run) run();
  await_more();
}

void operator_session::run() {
  asking_ = std::make_shared<int>();
  worker_.shared.desk->run(
      exchange_.asked(), asking_,
      [&loop = worker_.loop, weak = weak_from_this(), asked = std::weak_ptr(asking_)](console::outcome how) {
        loop.post([weak, asked, how = std::move(how)]() mutable {
          const auto self = weak.lock();
          if (self && !asked.expired()) self->told(std::move(how));
        });
      });
}

void operator_session::told(console::outcome how) {
  asking_ = nullptr;
  std::string out;
  exchange_.finished(std::move(how), out);
  socket_.write(out);
  process();
}

// What the command has done by then stays done.
void operator_session::cancel() {
  if (over_ || !asking_) return;
  told(wire::error{std::string(wire::sqlstate::query_canceled), "canceling statement due to user request", "", ""});
}

void operator_session::user_revoked(const auth::revoked_user& who) {
  if (!over_ && place_ && place_->who() == who.who) kill(why_ended(who));
}

void operator_session::kill(const wire::error& why) {
  if (over_) return;
  const auto alive = shared_from_this();
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  socket_.write(out);
  socket_.close_when_drained();
  end();
}

void operator_session::end() noexcept {
  if (std::exchange(over_, true)) return;
  asking_ = nullptr;
  worker_.shared.cancels.remove(identity_);
  socket_.close();
  worker_.operator_ended(*this);
}

}  // namespace highwater::proxy
