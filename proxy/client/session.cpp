#include "proxy/client/session.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/arrival.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/own_answers.hpp"
#include "proxy/client/requests.hpp"

namespace highwater::proxy {

namespace {

// How much of what a client sends is held while a server is busy; then the client has to wait.
constexpr std::size_t read_ahead = 64U << 10U;
// How long a batch may take to come from a client that sends all of it at once.
constexpr std::chrono::milliseconds longest_gap{50};

// After so many steps of one client's it is the others' turn.
constexpr unsigned steps_a_turn = 100;

}  // namespace

session::session(worker_context& worker, stream socket) : talk_(worker, std::move(socket)) {
  talk_.socket.tell(*this);
}

session::~session() {
  end();
}

activity& session::work() {
  if (!talk_.work) {
    std::pmr::polymorphic_allocator<activity> memory(&talk_.worker.memory);
    talk_.work.reset(memory.new_object<activity>(talk_, static_cast<passage::traveller&>(*this)));
  }
  return *talk_.work;
}

// Reading ---------------------------------------------------------------------------------------------

void session::on_readable() {
  const auto alive = shared_from_this();
  auto& now = work();
  const auto got = read_some(now.inbox.buffer());
  if (got.status == stream::read_status::closed) return end();
  if (now.stall.number != 0) now.heard = std::chrono::steady_clock::now();
  process();
  if (stage_ != stage::ended) settle();
}

// Through the worker's own memory: what is read is short nearly always, and to make room for more would cost more than
// to copy it. Whoever has not been let in yet is lent no buffer: they may come in thousands, and say nothing.
stream::read_result session::read_some(std::string& input) {
  constexpr std::size_t enough_for_login = 4096;
  auto& worker = talk_.worker;
  auto room = enough_for_login;
  if (!talk_.greets) {
    if (input.capacity() < buffer_pool::usual_size) {
      auto lent = worker.buffers.take();
      lent.append(input);
      input = std::move(lent);
    }
    room = std::max(input.capacity() - input.size(), std::size_t{4096});
  }
  const auto got = talk_.socket.read(worker.scratch.data(), std::min(room, worker.scratch.size()));
  input.append(worker.scratch, 0, got.size);
  return got;
}

void session::on_drained() {
  const auto alive = shared_from_this();
  if (talk_.leased()) {
    talk_.connection().pause(false);
    talk_.connection().read_on();
  }
  process();
  settle();
}

// A batch that is not complete yet is read to its end, however long; behind one that has to wait, only so much.
bool session::may_read() const {
  const auto* work = talk_.work.get();
  const bool waits = stage_ != stage::ready || (work != nullptr && (work->inbox.batch().held() || work->yielded));
  const bool room = work == nullptr || talk_.input().size() < read_ahead || !waits;
  const bool flooded = talk_.leased() && talk_.connection().unsent() > read_ahead;
  const bool reads_its_answers = talk_.socket.pending() < read_ahead;
  return room && !flooded && reads_its_answers;
}

// Taking turns ----------------------------------------------------------------------------------------

// Behind an event: what there is more to do, and what an idle session does not need.
void session::go_on() {
  if (stage_ == stage::ready) process();
  settle();
}

// Goes on with what has been read, as far as the session's state allows, and no further than is fair.
void session::process() {
  if (talk_.work && talk_.work->yielded) return;
  for (unsigned steps = 0; stage_ == stage::ready && !talk_.greets && process_one();) {
    if (++steps == steps_a_turn) return yield();
  }
}

void session::yield() {
  work().yielded = true;
  talk_.worker.loop.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->talk_.work) return;
    self->talk_.work->yielded = false;
    self->process();
    self->settle();
  });
}

// One step: true if there may be more to do.
bool session::process_one() {
  auto& now = work();
  if (now.inbox.passing() > 0) {
    if (!pass_piece(talk_)) return false;
    if (now.inbox.passing() == 0 && talk_.leased() && !talk_.busy()) exchange_over();
    return stage_ == stage::ready;
  }
  if (talk_.leased() && talk_.connection().unsent() > read_ahead) return false;
  auto& exchange = now.exchange;
  if (exchange.held.copy_in) return follow(pass_copy(talk_));
  if (exchange.streaming && talk_.leased() && talk_.server().may_owe_ready()) {
    ask_for_answers(talk_);
    return false;
  }
  // What the server skips need not be sent: see skip_batch().
  if (exchange.streaming && talk_.server().skips()) exchange.streaming = false;
  return exchange.streaming ? follow(pass_message(talk_)) : process_input();
}

bool session::process_input() {
  const auto& limits = talk_.worker.shared.settings.limits;
  using outcome = wire::batch_scanner::outcome;
  switch (talk_.work->inbox.scan(limits.max_message_bytes, limits.max_batch_bytes)) {
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
  auto& now = *talk_.work;
  if (now.rest.number != 0 || now.inbox.batch().messages().empty()) return;
  now.rest = talk_.worker.timers.schedule(std::chrono::steady_clock::now() + longest_gap, [this] {
    const auto alive = shared_from_this();
    auto& work = *talk_.work;
    work.rest = {};
    const bool waits =
        stage_ == stage::ready && !work.exchange.streaming && !work.exchange.held.copy_in && work.inbox.passing() == 0;
    if (waits && !work.inbox.batch().held() && !work.inbox.batch().messages().empty()) begin_batch(true);
    process();
    if (stage_ != stage::ended) settle();
  });
}

// After any event: reads on if there is room, and lets go of what an idle session does not need.
void session::settle() {
  if (stage_ == stage::ended) return;
  rest_if_idle();
  if (talk_.draining && !talk_.client.transaction.deferred() && (!talk_.work || keeps_idle_lease())) {
    return fatal({std::string(wire::sqlstate::admin_shutdown), "Highwater is shutting down", "", "Connect again."});
  }
  const bool reads = may_read();
  if (reads) talk_.socket.await_readable();
  if (talk_.work) watch_for_stall(reads);
}

void session::rest_if_idle() {
  auto& work = talk_.work;
  if (!work) return;
  compact();
  auto& bytes = work->inbox.buffer();
  constexpr std::size_t much = 8 * buffer_pool::usual_size;
  if (bytes.empty() && bytes.capacity() > much) bytes = std::string();
  const bool idle = stage_ == stage::ready && !talk_.leased() && work->inbox.empty() && !work->passage.waits() &&
                    !work->exchange.changes.pending();
  if (!idle) return;
  talk_.worker.timers.cancel(work->stall);
  talk_.worker.buffers.give(std::move(bytes));
  work = nullptr;
}

// Bytes that have been sent on are kept only while they might have to be sent again.
void session::compact() {
  auto& now = *talk_.work;
  auto& flights = now.exchange.flights;
  const auto again = std::find_if(flights.begin(), flights.end(), [](const flight& one) { return one.retryable; });
  const auto gone = now.inbox.compact(again == flights.end() ? now.inbox.begin() : again->begin);
  if (gone == 0) return;
  for (auto& one : flights) one.begin = one.begin >= gone ? one.begin - gone : 0;
}

// A session that is bound to its connection, and between two statements.
bool session::keeps_idle_lease() const noexcept {
  return stage_ == stage::ready && talk_.leased() && !talk_.busy() && talk_.input().empty() && talk_.server().idle();
}

// Who stops in the middle -----------------------------------------------------------------------------

void session::watch_for_stall(bool reads) {
  auto& now = *talk_.work;
  auto& timers = talk_.worker.timers;
  if (!reads || stage_ != stage::ready || !is_within(talk_)) return timers.cancel(now.stall);
  if (now.stall.number != 0) return;
  now.heard = std::chrono::steady_clock::now();
  now.stall = timers.schedule(now.heard + talk_.worker.shared.settings.limits.stall_timeout, [this] { stalled(); });
}

void session::stalled() {
  const auto alive = shared_from_this();
  auto& now = *talk_.work;
  now.stall = {};
  const auto patience = talk_.worker.shared.settings.limits.stall_timeout;
  if (std::chrono::steady_clock::now() < now.heard + patience) {
    now.stall = talk_.worker.timers.schedule(now.heard + patience, [this] { stalled(); });
    return;
  }
  fatal(because(wire::error_cause::timeout,
                {std::string(wire::sqlstate::idle_session_timeout),
                 "terminating connection because the client has stopped in the middle of a message",
                 "It holds a server connection, and has sent nothing for " + std::to_string(patience.count()) + " ms.",
                 "Send the rest at once, or raise limits.stall_timeout."}));
}

// Ending ----------------------------------------------------------------------------------------------

void session::protocol_error(std::string what) {
  talk_.worker.probe.protocol_errors.add();
  fatal(
      because(wire::error_cause::protocol, {std::string(wire::sqlstate::protocol_violation), std::move(what), "", ""}));
}

void session::fatal(const wire::error& why) {
  auto& socket = talk_.socket;
  if (talk_.greets) note_failed_login(talk_.worker, socket, talk_.kind->user, talk_.kind->database.name, why);
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  socket.write(out);
  socket.close_when_drained();
  end();
}

void session::kill(const wire::error& why) {
  if (stage_ != stage::ended) fatal(why);
}

void session::database_gone(const std::string& database) {
  if (stage_ == stage::ended || talk_.greets || talk_.kind->database.name != database) return;
  const auto alive = shared_from_this();
  fatal({std::string(wire::sqlstate::admin_shutdown), "terminating connection due to administrator command",
         "Database \"" + database + "\" does not exist any more.", ""});
}

void session::drain() {
  talk_.draining = true;
  if (talk_.greets) return end();
  settle();
}

void session::end() noexcept {
  if (stage_ == stage::ended) return;
  auto& worker = talk_.worker;
  auto* work = talk_.work.get();
  stage_ = stage::ended;
  worker.probe.clients.add(-1);
  --worker.shared.clients;
  if (key_.process != 0) worker.shared.cancels.remove(key_);
  if (work != nullptr) {
    worker.timers.cancel(work->stall);
    worker.timers.cancel(work->rest);
    work->vacant = nullptr;
    work->passage.abandon();
  }
  if (talk_.leased()) abandon_lease(talk_);
  talk_.socket.close();
  if (work != nullptr) worker.buffers.give(std::move(work->inbox.buffer()));
  worker.session_ended(*this);
}

}  // namespace highwater::proxy
