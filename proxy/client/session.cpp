#include "proxy/client/session.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "proxy/client/arrival.hpp"
#include "proxy/client/lease.hpp"
#include "proxy/client/own_answers.hpp"
#include "proxy/client/reading.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/requests.hpp"

namespace highwater::proxy {

namespace {

// How long a batch may take to come from a client that sends all of it at once.
constexpr std::chrono::milliseconds longest_gap{50};

// After so many steps of one client's it is the others' turn.
constexpr unsigned steps_a_turn = 100;

}  // namespace

session::session(worker_context& worker, stream socket) : talk_(worker, std::move(socket)) {
  static std::atomic<std::uint64_t> last{0};
  talk_.client.id = ++last;
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
  if (read_some(talk_).status == stream::read_status::closed) return end();
  if (now.stall.watches()) now.stall.heard(std::chrono::steady_clock::now());
  process();
  if (stage_ != stage::ended) settle();
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
  if (talk_.leased() && talk_.under_way().held.canceling) return false;
  if (now.inbox.passing() > 0) {
    if (!pass_piece(talk_)) return false;
    if (now.inbox.passing() == 0 && talk_.leased() && !talk_.busy()) exchange_over();
    return stage_ == stage::ready;
  }
  if (floods_server(talk_)) return false;
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
  const auto& limits = talk_.worker.settings->limits;
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
  if (talk_.work) let_go_of_sent(talk_);
  if (stage_ == stage::ready && talk_.work && may_rest(talk_)) rest(talk_);
  if (talk_.draining && !talk_.client.transaction.deferred() && (!talk_.work || keeps_idle_lease())) {
    return fatal({std::string(wire::sqlstate::admin_shutdown), "Highwater is shutting down", "", "Connect again."});
  }
  look_at_times();
  const bool reads = has_room(talk_, stage_ != stage::ready);
  if (reads) talk_.socket.await_readable();
  if (talk_.work) watch_for_stall(reads);
}

// A session that is bound to its connection, and between two statements.
bool session::keeps_idle_lease() const noexcept {
  return stage_ == stage::ready && talk_.leased() && !talk_.busy() && talk_.input().empty() && talk_.server().idle();
}

// Who stops in the middle -----------------------------------------------------------------------------

void session::watch_for_stall(bool reads) {
  auto& stall = talk_.work->stall;
  if (!reads || stage_ != stage::ready || !is_within(talk_)) return stall.end();
  if (stall.watches()) return;
  const auto patience = talk_.worker.settings->timeouts.stall;
  stall.begin(std::chrono::steady_clock::now(), patience, [this, patience] {
    const auto alive = shared_from_this();
    fatal(stalled(patience));
  });
}

// Ending ----------------------------------------------------------------------------------------------

void session::protocol_error(std::string what) {
  talk_.worker.probe.protocol_errors.add();
  fatal(
      because(wire::error_cause::protocol, {std::string(wire::sqlstate::protocol_violation), std::move(what), "", ""}));
}

void session::fatal(const wire::error& why) {
  auto& socket = talk_.socket;
  if (talk_.greets)
    note_failed_login(talk_.worker, talk_.client.address, talk_.kind->names.user, talk_.kind->names.database, why);
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  socket.write(out);
  socket.close_when_drained();
  end();
}

void session::kill(const wire::error& why) {
  if (stage_ != stage::ended) fatal(why);
}

void session::user_revoked(const auth::revoked_user& who) {
  const auto& place = talk_.client.place;
  if (stage_ == stage::ended || !place || place->who() != who.who) return;
  const auto alive = shared_from_this();
  fatal(why_ended(who));
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
  times_ = nullptr;
  worker.probe.clients.add(-1);
  --worker.shared.clients;
  if (talk_.client.identity != 0) worker.shared.cancels.remove(talk_.client.identity);
  if (work != nullptr) {
    work->stall.end();
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
