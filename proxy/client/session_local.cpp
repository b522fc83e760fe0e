#include <utility>

#include "proxy/client/message_writer.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

// Does the client get a ReadyForQuery for it, also if it fails?
constexpr bool ends_exchange(wire::batch_end end) noexcept {
  return end == wire::batch_end::sync || end == wire::batch_end::query || end == wire::batch_end::function_call;
}

}  // namespace

// A lone Sync or Flush, of which no server needs to know.
bool session::answer_sync() {
  std::string out;
  if (work_->facts.end == wire::batch_end::sync) wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  write_client(out);
  return true;
}

// BEGIN, and what else of a transaction needs no server yet. False if it does.
bool session::answer_transaction() {
  auto& now = *work_;
  const auto& facts = now.facts;
  if (facts.end != wire::batch_end::query || facts.statements.size() != 1) return false;
  const auto sql =
      *wire::read_single_string(input_left().substr(wire::header_size, now.scanner.size() - wire::header_size));
  const auto tag = client_.transaction.answer(
      {*facts.first(), sql, facts.statements.front().hint, client_.says.read_only, !draining_});
  if (!tag) return false;
  auto& out = worker_.out_scratch;
  out.clear();
  wire::write_command_complete(out, *tag);
  wire::write_ready_for_query(out, client_status());
  consume(now.scanner.size());
  client_.end_unnamed();
  write_client(out);
  return true;
}

// About Highwater itself.
void session::answer_internal() {
  const auto& now = *work_;
  const auto what = now.facts.statements.front().statement;
  const auto& settings = worker_.shared.settings;
  internal_answers answers(*what->internal,
                           {client_.transaction.level, stands(), settings.consistency.default_level,
                            client_status() != wire::transaction_status::idle, has_bound(),
                            describe(last_route_, *worker_.shared.board.newest(), settings.cluster.nodes)});
  const auto batch = input_left();
  for (const auto& message : now.scanner.messages()) {
    answers.take(message.type, batch.substr(message.offset + wire::header_size, message.size - wire::header_size));
  }
  for (const auto& parse : answers.parsed()) remember_parsed(parse);
  const bool open = leased() && server().is_open();
  const bool flushes = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  if (answers.failed() && open) return answer_error(answers.why());
  if (answers.failed()) fail_transaction();
  if (answers.failed()) client_.transaction.fail();
  if (answers.failed() && flushes) client_.skip_to_sync = true;
  if (!flushes && !open) wire::write_ready_for_query(answers.out, client_status());
  write_client(answers.out);
  if (!flushes && open) return send_sync();
  consume(now.scanner.size());
}

// The batch is at an end that the server has to know of, because its part of it has not been ended by a Sync yet.
void session::send_sync() {
  auto one = under_way().flight_of(work_->facts, client_.transaction.deferred(), work_->attempt.retried());
  one.begin = work_->begin;
  one.size = work_->scanner.size();
  auto& out = worker_.out_scratch;
  out.clear();
  std::string sync, told;
  wire::write_empty(sync, wire::frontend::sync);
  const auto about = writes();
  message_writer(about, out, told).write({wire::frontend::sync, sync.size(), sync});
  under_way().take_off(one);
  connection().send_and_read(out);
  consume(one.size);
}

// A statement that no server gets to see.
void session::remember_parsed(const wire::parse_message& parse) {
  client_.names().add(parse.name, {writes().intern(parse.query, parse.parameter_types, false), nullptr});
  client_.names().confirm();
}

// An error in place of the batch that is at the beginning of the input.
void session::answer_error(const wire::error& why) {
  if (greets_) return fatal(why);
  stage_ = stage::ready;
  std::string message;
  wire::write_error(message, wire::severity::error, why);
  fail_batch(message);
}

void session::fail_batch(std::string_view message) {
  // What stands before it in the same exchange would be committed by the Sync that is yet to come.
  if (leased() && server().is_open() && !server().skips()) return fail_exchange(message);
  fail_transaction();
  answer_failure(message);
}

// An ErrorResponse in place of the batch, that the server knows of, if it is concerned.
void session::answer_failure(std::string_view message) {
  auto& now = *work_;
  client_.transaction.fail();
  std::string out(message);
  if (std::exchange(under_way().streaming, false)) return drop_streamed(std::move(out));
  const bool skips = leased() && server().skips();
  if (skips && ends_exchange(now.facts.end)) {
    write_client(out);
    now.facts = {};
    return send_sync();
  }
  if (skips) {
    // The server waits for the Sync that is yet to come.
  } else if (now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut) {
    client_.skip_to_sync = true;
  } else {
    wire::write_ready_for_query(out, client_status());
  }
  consume(now.scanner.size());
  write_client(out);
}

// What there is of a batch that is sent as it comes is a message, complete or not, and what follows is yet to come.
void session::drop_streamed(std::string out) {
  auto& now = *work_;
  wire::frame message;
  wire::peek_frame(input_left(), worker_.shared.settings.limits.max_message_bytes, message);
  if (message.type == wire::frontend::query || message.type == wire::frontend::function_call) {
    now.pass_left = message.size - message.available.size();
    now.pass_drop = true;
    consume(message.available.size());
    wire::write_ready_for_query(out, client_status());
  } else {
    client_.skip_to_sync = !leased() || !server().skips();
  }
  write_client(out);
}

// In the middle of an exchange the error has its turn behind the answers that are due, and the server skips what
// follows: it is given something to fail with.
void session::fail_exchange(std::string_view message) {
  under_way().own_failure = message;
  auto& out = worker_.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes();
  message_writer(about, out, told).write_own_failure();
  const bool ends = ends_exchange(work_->facts.end) && !under_way().streaming;
  under_way().streaming = false;
  work_->facts = {};
  if (!ends) wire::write_empty(out, wire::frontend::flush);
  connection().send(out);
  if (ends) return send_sync();
  connection().read_on();
  consume(work_->scanner.size());
}

// The server does not know of the error that is being answered: it gets one of its own.
void session::fail_transaction() {
  if (!leased() || server().status() != wire::transaction_status::in_transaction) return;
  connection().ask_hidden(transaction::failing_statement);
  server().will_have_failed();
}

// A cancel request that named this session.
void session::cancel(std::function<void()> over) {
  const auto alive = shared_from_this();
  if (stage_ == stage::vacating || stage_ == stage::approaching) {
    if (stage_ == stage::approaching) turn_back();
    work_->vacant = nullptr;
    answer_error({std::string(wire::sqlstate::query_canceled), "canceling statement due to user request", "", ""});
    process();
    settle();
    return over();
  }
  if ((stage_ != stage::ready && stage_ != stage::preparing) || !leased() || !server().owes()) return over();
  worker_.probe.cancels.add();
  // If it hit the BEGIN that the client takes for done, what follows would be a transaction of its own.
  if (under_way().held.begin_unanswered) {
    under_way().held.cancel_wanted = true;
    under_way().cancel_over.push_back(std::move(over));
  } else {
    connection().cancel(std::move(over));
  }
}

}  // namespace highwater::proxy
