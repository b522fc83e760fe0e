#include "proxy/client/session.hpp"

#include <algorithm>
#include <utility>

namespace highwater::proxy {

namespace {

// How much of what a client sends is held while a server is busy; then the client has to wait.
constexpr std::size_t read_ahead = 64U << 10U;
// How long a batch may take to come from a client that sends all of it at once.
constexpr std::chrono::milliseconds longest_gap{50};

// After so many steps of one client's it is the others' turn.
constexpr unsigned steps_a_turn = 100;

// What libpq keeps back of copy data until it has more, in whatever place of a message that is.
constexpr std::uint64_t kept_back = 8U << 10U;

}  // namespace

session::session(worker_context& worker, stream socket) : worker_(worker), socket_(std::move(socket)) {
  socket_.tell(*this);
}

session::~session() {
  end();
}

session::activity& session::work() {
  if (!work_) {
    std::pmr::polymorphic_allocator<activity> memory(&worker_.memory);
    work_.reset(memory.new_object<activity>(*this, worker_));
  }
  return *work_;
}

void session::activity_end::operator()(activity* which) const noexcept {
  std::pmr::polymorphic_allocator<activity>(&which->owner.memory).delete_object(which);
}

std::string_view session::input_left() const noexcept {
  return std::string_view(work_->input).substr(work_->begin);
}

bool session::busy() const noexcept {
  return leased() && (under_way().busy() || (work_->pass_left > 0 && !work_->pass_drop));
}

wire::transaction_status session::client_status() const noexcept {
  if (const auto status = client_.transaction.status()) return *status;
  return leased() ? server().status() : wire::transaction_status::idle;
}

void session::on_readable() {
  const auto alive = shared_from_this();
  auto& now = work();
  const auto got = read_some(now.input);
  if (got.status == stream::read_status::closed) return end();
  if (now.stall.number != 0) now.heard = std::chrono::steady_clock::now();
  process();
  if (stage_ != stage::ended) settle();
}

// Through the worker's own memory: what is read is short nearly always, and to make room for more would cost more than
// to copy it. Whoever has not been let in yet is lent no buffer: they may come in thousands, and say nothing.
stream::read_result session::read_some(std::string& input) {
  constexpr std::size_t enough_for_login = 4096;
  auto room = enough_for_login;
  if (!greets_) {
    if (input.capacity() < buffer_pool::usual_size) {
      auto lent = worker_.buffers.take();
      lent.append(input);
      input = std::move(lent);
    }
    room = std::max(input.capacity() - input.size(), std::size_t{4096});
  }
  const auto got = socket_.read(worker_.scratch.data(), std::min(room, worker_.scratch.size()));
  input.append(worker_.scratch, 0, got.size);
  return got;
}

// Behind an event: what there is more to do, and what an idle session does not need.
void session::go_on() {
  if (stage_ == stage::ready) process();
  settle();
}

// Goes on with what has been read, as far as the session's state allows, and no further than is fair.
void session::process() {
  if (work_ && work_->yielded) return;
  for (unsigned steps = 0; stage_ == stage::ready && !greets_ && process_one();) {
    if (++steps == steps_a_turn) return yield();
  }
}

void session::yield() {
  work().yielded = true;
  worker_.loop.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->work_) return;
    self->work_->yielded = false;
    self->process();
    self->settle();
  });
}

// After any event: reads on if there is room, and lets go of what an idle session does not need.
void session::settle() {
  if (stage_ == stage::ended) return;
  if (work_) {
    compact();
    constexpr std::size_t much = 8 * buffer_pool::usual_size;
    if (work_->input.empty() && work_->input.capacity() > much) work_->input = std::string();
    const bool idle = stage_ == stage::ready && !leased() && work_->input.empty() && work_->pass_left == 0 &&
                      work_->deadline.number == 0 && !under_way().changes.pending();
    if (idle) {
      worker_.timers.cancel(work_->stall);
      worker_.buffers.give(std::move(work_->input));
      work_ = nullptr;
    }
  }
  if (draining_ && !client_.transaction.deferred() && (!work_ || keeps_idle_lease())) {
    return fatal({std::string(wire::sqlstate::admin_shutdown), "Highwater is shutting down", "", "Connect again."});
  }
  // A batch that is not complete yet is read to its end, however long; behind one that has to wait, only so much.
  const bool waits = stage_ != stage::ready || (work_ && (work_->scanner.held() || work_->yielded));
  const bool room = !work_ || input_left().size() < read_ahead || !waits;
  const bool flooded = leased() && connection().unsent() > read_ahead;
  const bool reads_its_answers = socket_.pending() < read_ahead;
  const bool reads = room && !flooded && reads_its_answers;
  if (reads) socket_.await_readable();
  if (work_) watch_for_stall(reads);
}

// Is the client in the middle of something that keeps a server connection? Not between two messages of a COPY, which
// may last as long as it likes.
bool session::stopped_within() const noexcept {
  if (stage_ != stage::ready || !leased() || !work_) return false;
  if (under_way().held.copy_in) return !work_->pass_drop && work_->pass_left > kept_back;
  return under_way().streaming || (work_->pass_left > 0 && !work_->pass_drop);
}

void session::watch_for_stall(bool reads) {
  auto& now = *work_;
  if (!reads || !stopped_within()) return worker_.timers.cancel(now.stall);
  if (now.stall.number != 0) return;
  now.heard = std::chrono::steady_clock::now();
  now.stall = worker_.timers.schedule(now.heard + worker_.shared.settings.limits.stall_timeout, [this] { stalled(); });
}

void session::stalled() {
  const auto alive = shared_from_this();
  auto& now = *work_;
  now.stall = {};
  const auto patience = worker_.shared.settings.limits.stall_timeout;
  if (std::chrono::steady_clock::now() < now.heard + patience) {
    now.stall = worker_.timers.schedule(now.heard + patience, [this] { stalled(); });
    return;
  }
  fatal(because(wire::error_cause::timeout,
                {std::string(wire::sqlstate::idle_session_timeout),
                 "terminating connection because the client has stopped in the middle of a message",
                 "It holds a server connection, and has sent nothing for " + std::to_string(patience.count()) + " ms.",
                 "Send the rest at once, or raise limits.stall_timeout."}));
}

// A session that is bound to its connection, and between two statements.
bool session::keeps_idle_lease() const noexcept {
  return stage_ == stage::ready && leased() && !busy() && input_left().empty() && server().idle();
}

// One step: true if there may be more to do.
bool session::process_one() {
  auto& now = work();
  if (now.pass_left > 0) {
    const auto part = std::min<std::uint64_t>(now.pass_left, input_left().size());
    if (part == 0) return false;
    if (!now.pass_drop && leased()) connection().send(input_left().substr(0, static_cast<std::size_t>(part)));
    now.pass_left -= part;
    consume(static_cast<std::size_t>(part));
    // The answer may have come before the message's end: a copy that failed.
    ask_for_late_syncs();
    if (now.pass_left == 0 && leased() && !busy()) exchange_over();
    return stage_ == stage::ready;
  }
  if (leased() && connection().unsent() > read_ahead) return false;
  if (under_way().held.copy_in) return pass_copy();
  if (under_way().streaming && leased() && server().may_owe_ready()) {
    ask_for_answers();
    return false;
  }
  // What the server skips need not be sent: see skip_batch().
  if (under_way().streaming && server().skips()) under_way().streaming = false;
  if (under_way().streaming) return stream_messages();
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
    const bool waits =
        stage_ == stage::ready && !under_way().streaming && !under_way().held.copy_in && work_->pass_left == 0;
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
  for (const auto& one : under_way().flights) {
    if (one.retryable) {
      keep = one.begin;
      break;
    }
  }
  if (keep == 0) return;
  now.input.erase(0, keep);
  now.begin -= keep;
  for (auto& one : under_way().flights) one.begin = one.begin >= keep ? one.begin - keep : 0;
}

void session::on_drained() {
  const auto alive = shared_from_this();
  if (leased()) {
    connection().pause(false);
    connection().read_on();
  }
  process();
  settle();
}

void session::write_client(std::string_view bytes) {
  socket_.write(bytes);
  // A slow client holds up its own server connection, and nobody else.
  if (socket_.pending() > 0 && leased()) connection().pause(true);
}

void session::protocol_error(std::string what) {
  worker_.probe.protocol_errors.add();
  fatal(
      because(wire::error_cause::protocol, {std::string(wire::sqlstate::protocol_violation), std::move(what), "", ""}));
}

void session::fatal(const wire::error& why) {
  if (greets_) note_failed_login(worker_, socket_, kind_->user, kind_->database.name, why);
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  socket_.write(out);
  socket_.close_when_drained();
  end();
}

void session::kill(const wire::error& why) {
  if (stage_ != stage::ended) fatal(why);
}

void session::database_gone(const std::string& database) {
  if (stage_ == stage::ended || greets_ || kind_->database.name != database) return;
  const auto alive = shared_from_this();
  fatal({std::string(wire::sqlstate::admin_shutdown), "terminating connection due to administrator command",
         "Database \"" + database + "\" does not exist any more.", ""});
}

void session::drain() {
  draining_ = true;
  if (greets_) return end();
  settle();
}

void session::end() noexcept {
  if (stage_ == stage::ended) return;
  if (work_) stop_waiting(true);
  stage_ = stage::ended;
  worker_.probe.clients.add(-1);
  --worker_.shared.clients;
  if (key_.process != 0) worker_.shared.cancels.remove(key_);
  if (work_) {
    worker_.timers.cancel(work_->stall);
    worker_.timers.cancel(work_->rest);
    work_->vacant = nullptr;
    const auto node = work_->attempt.plan().node;
    if (node != routing::no_node && kind_) worker_.pool_of(*kind_, node).cancel(*this);
  }
  if (leased()) abandon_lease();
  socket_.close();
  if (work_) worker_.buffers.give(std::move(work_->input));
  worker_.session_ended(*this);
}

}  // namespace highwater::proxy
