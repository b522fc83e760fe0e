#include "proxy/client/session.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

namespace {

// How much of what a client sends is held while a server is busy; then the client has to wait.
constexpr std::size_t read_ahead = 64U << 10U;
// How long a batch may take to come from a client that sends all of it at once.
constexpr std::chrono::milliseconds longest_gap{50};

}  // namespace

session::session(worker_context& worker, boost::asio::ip::tcp::socket socket, std::function<void(session&)> on_end)
    : worker_(worker),
      on_end_(std::move(on_end)),
      client_(std::move(socket), *this),
      login_(std::make_unique<login>(worker.shared.users, worker.nonce())) {}

session::~session() {
  end();
}

void session::start() {
  worker_.probe.clients.add();
  const auto most = worker_.shared.settings.limits.max_clients;
  if (worker_.shared.clients.fetch_add(1) >= most) {
    login_->turn_away({std::string(wire::sqlstate::too_many_connections), "sorry, too many clients already",
                       "Highwater serves at most " + std::to_string(most) + " clients.", "Raise limits.max_clients."});
  }
  work().deadline =
      worker_.timers.schedule(std::chrono::steady_clock::now() + worker_.shared.settings.auth.timeout, [this] {
        work_->deadline = {};
        fatal({std::string(wire::sqlstate::protocol_violation), "login took too long", "", ""});
      });
  client_.await_readable();
}

session::activity& session::work() {
  if (!work_) {
    work_ = std::make_unique<activity>();
    work_->input = worker_.buffers.take();
  }
  return *work_;
}

std::string_view session::input_left() const noexcept {
  return std::string_view(work_->input).substr(work_->begin);
}

bool session::busy() const noexcept {
  return lease_ != nullptr && (!lease_->queue.empty() || lease_->is_open() || held_.copy_in || work_->streaming ||
                               (work_->pass_left > 0 && !work_->pass_drop));
}

wire::transaction_status session::client_status() const noexcept {
  if (begin_failed_) return wire::transaction_status::failed;
  if (!deferred_begin_.empty()) return wire::transaction_status::in_transaction;
  return lease_ != nullptr ? lease_->status : wire::transaction_status::idle;
}

void session::on_readable() {
  const auto alive = shared_from_this();
  auto& input = work().input;
  const auto before = input.size();
  const auto room = std::max(input.capacity() - before, std::size_t{4096});
  input.resize(before + room);
  const auto got = client_.read(input.data() + before, room);
  input.resize(before + got.size);
  if (got.status == stream::read_status::closed) return end();
  process();
  if (stage_ != stage::ended) settle();
}

// Goes on with what has been read, as far as the session's state allows.
void session::process() {
  if (stage_ == stage::login) process_login();
  while (stage_ == stage::ready && process_one()) {
  }
}

// After any event: reads on if there is room, and lets go of what an idle session does not need.
void session::settle() {
  if (stage_ == stage::ended) return;
  if (work_) {
    compact();
    const bool idle = stage_ == stage::ready && lease_ == nullptr && work_->input.empty() && work_->pass_left == 0 &&
                      work_->deadline.number == 0 && !work_->changes.pending();
    if (idle) {
      worker_.buffers.give(std::move(work_->input));
      work_ = nullptr;
    }
  }
  if (draining_ && deferred_begin_.empty() && (!work_ || keeps_idle_lease())) {
    return fatal({std::string(wire::sqlstate::admin_shutdown), "Highwater is shutting down", "", "Connect again."});
  }
  // A batch that is not complete yet is read to its end, however long; behind one that has to wait, only so much.
  const bool waits = stage_ != stage::ready || (work_ && work_->scanner.held());
  const bool room = !work_ || input_left().size() < read_ahead || !waits;
  const bool flooded = lease_ != nullptr && lease_->unsent() > read_ahead;
  const bool reads_its_answers = client_.pending() < read_ahead;
  if (room && !flooded && reads_its_answers) client_.await_readable();
}

// A session that is bound to its connection, and between two statements.
bool session::keeps_idle_lease() const noexcept {
  return stage_ == stage::ready && lease_ != nullptr && !busy() && input_left().empty() &&
         lease_->status == wire::transaction_status::idle;
}

// One step: true if there may be more to do.
bool session::process_one() {
  auto& now = work();
  if (now.pass_left > 0) {
    const auto part = std::min<std::uint64_t>(now.pass_left, input_left().size());
    if (part == 0) return false;
    if (!now.pass_drop && lease_ != nullptr) lease_->send(input_left().substr(0, static_cast<std::size_t>(part)));
    now.pass_left -= part;
    consume(static_cast<std::size_t>(part));
    // The answer may have come before the message's end: a copy that failed.
    if (now.pass_left == 0 && lease_ != nullptr && !busy()) exchange_over();
    return stage_ == stage::ready;
  }
  if (lease_ != nullptr && lease_->unsent() > read_ahead) return false;
  if (held_.copy_in) return pass_copy();
  // What the server skips need not be sent: see skip_batch().
  if (now.streaming && lease_->skips()) now.streaming = false;
  if (now.streaming) return stream_messages();
  const auto& limits = worker_.shared.settings.limits;
  using outcome = wire::batch_scanner::outcome;
  switch (now.scanner.scan(input_left(), limits.max_message_bytes, limits.max_batch_bytes)) {
    case outcome::incomplete:
      await_rest();
      return false;
    case outcome::violation:
      protocol_error("invalid message in the protocol stream");
      return false;
    case outcome::too_long:
      return begin_batch(true);
    case outcome::complete:
      break;
  }
  return begin_batch(false);
}

// A server does what it is told as it comes, also without a Sync behind it. Here a batch is placed when it is there as
// a whole; one whose end does not come is sent as far as it is.
void session::await_rest() {
  auto& now = *work_;
  if (now.rest.number != 0 || now.scanner.messages().empty()) return;
  now.rest = worker_.timers.schedule(std::chrono::steady_clock::now() + longest_gap, [this] {
    const auto alive = shared_from_this();
    work_->rest = {};
    const bool waits = stage_ == stage::ready && !work_->streaming && !held_.copy_in && work_->pass_left == 0;
    if (waits && !work_->scanner.held() && !work_->scanner.messages().empty()) begin_batch(true);
    process();
    if (stage_ != stage::ended) settle();
  });
}

// The batch at the beginning of the input has been dealt with.
void session::consume(std::size_t bytes) {
  work_->begin += bytes;
  work_->scanner.next();
}

// Bytes that have been sent on are kept only while they might have to be sent again.
void session::compact() {
  auto& now = *work_;
  std::size_t keep = now.begin;
  for (const auto& one : now.flights) {
    if (one.retryable) {
      keep = one.begin;
      break;
    }
  }
  if (keep == 0) return;
  now.input.erase(0, keep);
  now.begin -= keep;
  for (auto& one : now.flights) one.begin = one.begin >= keep ? one.begin - keep : 0;
}

void session::on_drained() {
  const auto alive = shared_from_this();
  if (lease_ != nullptr) {
    lease_->pause(false);
    lease_->read_on();
  }
  process();
  settle();
}

void session::write_client(std::string_view bytes) {
  client_.write(bytes);
  // A slow client holds up its own server connection, and nobody else.
  if (client_.pending() > 0 && lease_ != nullptr) lease_->pause(true);
}

void session::protocol_error(std::string what) {
  worker_.probe.protocol_errors.add();
  fatal({std::string(wire::sqlstate::protocol_violation), std::move(what), "", ""});
}

void session::fatal(const wire::error& why) {
  if (stage_ == stage::login) login_failed(why);
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  client_.write(out);
  client_.close_when_drained();
  end();
}

void session::kill(const wire::error& why) {
  if (stage_ != stage::ended) fatal(why);
}

void session::drain() {
  draining_ = true;
  if (stage_ == stage::login) return end();
  settle();
}

void session::end() noexcept {
  if (std::exchange(stage_, stage::ended) == stage::ended) return;
  worker_.probe.clients.add(-1);
  --worker_.shared.clients;
  if (key_.process != 0) worker_.shared.cancels.remove(key_.process);
  if (work_) {
    stop_waiting(true);
    worker_.timers.cancel(work_->rest);
    if (work_->plan.node != routing::no_node && kind_) worker_.pool_of(*kind_, work_->plan.node).cancel(*this);
  }
  if (lease_ != nullptr) abandon_lease();
  client_.close();
  if (work_) worker_.buffers.give(std::move(work_->input));
  if (on_end_) on_end_(*this);
}

}  // namespace highwater::proxy
