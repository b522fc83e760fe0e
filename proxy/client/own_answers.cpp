#include "proxy/client/own_answers.hpp"

#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/internal_answers.hpp"
#include "proxy/client/message_writer.hpp"
#include "proxy/client/requests.hpp"

namespace highwater::proxy {

namespace {

// Does the client get a ReadyForQuery for it, also if it fails?
constexpr bool ends_exchange(wire::batch_end end) noexcept {
  return end == wire::batch_end::sync || end == wire::batch_end::query || end == wire::batch_end::function_call;
}

std::string as_message(const wire::error& why) {
  std::string message;
  wire::write_error(message, wire::severity::error, why);
  return message;
}

// What there is of a batch that is sent as it comes is a message, complete or not, and what follows is yet to come.
void drop_streamed(conversation& talk, std::string out) {
  auto& now = *talk.work;
  wire::frame message;
  wire::peek_frame(talk.input(), talk.worker.settings->limits.max_message_bytes, message);
  if (message.type == wire::frontend::query || message.type == wire::frontend::function_call) {
    now.inbox.drop_rest_of(message);
    now.inbox.consume(message.available.size());
    wire::write_ready_for_query(out, talk.status());
  } else {
    talk.client.skip_to_sync = !talk.leased() || !talk.server().skips();
  }
  talk.write(out);
}

// In the middle of an exchange the error has its turn behind the answers that are due, and the server skips what
// follows: it is given something to fail with.
void fail_exchange(conversation& talk, std::string_view message) {
  talk.under_way().own_failure = message;
  auto& out = talk.worker.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes(talk);
  message_writer(about, out, told).write_own_failure();
  const bool ends = ends_exchange(talk.work->facts.end) && !talk.under_way().streaming;
  talk.under_way().streaming = false;
  talk.work->facts = {};
  if (!ends) wire::write_empty(out, wire::frontend::flush);
  talk.connection().send(out);
  if (ends) return send_sync(talk);
  talk.connection().read_on();
  talk.work->inbox.consume_batch();
}

// A statement that no server gets to see.
void remember_parsed(conversation& talk, const wire::parse_message& parse) {
  talk.client.names().add(parse.name, {writes(talk).intern(parse.query, parse.parameter_types, false), nullptr});
  talk.client.names().confirm();
}

// The server does not know of the error that is being answered: it gets one of its own.
void fail_transaction(conversation& talk) {
  if (!talk.leased() || talk.server().status() != wire::transaction_status::in_transaction) return;
  talk.connection().ask_hidden(transaction::failing_statement);
  talk.server().will_have_failed();
}

}  // namespace

void answer_sync(conversation& talk) {
  std::string out;
  if (talk.work->facts.end == wire::batch_end::sync) wire::write_ready_for_query(out, talk.status());
  talk.work->inbox.consume_batch();
  talk.write(out);
}

bool answer_transaction(conversation& talk) {
  auto& now = *talk.work;
  const auto& facts = now.facts;
  if (facts.end != wire::batch_end::query || facts.statements.size() != 1) return false;
  const auto sql =
      *wire::read_single_string(talk.input().substr(wire::header_size, now.inbox.batch().size() - wire::header_size));
  const auto tag = talk.client.transaction.answer(
      {*facts.first(), sql, facts.statements.front().hint, talk.client.says.read_only, !talk.draining});
  if (!tag) return false;
  auto& out = talk.worker.out_scratch;
  out.clear();
  wire::write_command_complete(out, *tag);
  wire::write_ready_for_query(out, talk.status());
  now.inbox.consume_batch();
  talk.client.end_unnamed();
  talk.write(out);
  return true;
}

void answer_internal(conversation& talk) {
  auto& now = *talk.work;
  const auto what = now.facts.statements.front().statement;
  const auto& shared = talk.worker.shared;
  internal_answers answers(
      *what->internal, {talk.client.transaction.level, talk.stands(), talk.worker.settings->consistency.default_level,
                        talk.status() != wire::transaction_status::idle, talk.has_bound(),
                        describe(talk.last_route, *talk.worker.shared.board.newest(), shared.cluster.nodes)});
  const auto batch = talk.input();
  for (const auto& message : now.inbox.batch().messages()) {
    answers.take(message.type, batch.substr(message.offset + wire::header_size, message.size - wire::header_size));
  }
  for (const auto& parse : answers.parsed()) remember_parsed(talk, parse);
  const bool open = talk.leased() && talk.server().is_open();
  const bool flushes = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  if (answers.failed() && open) return fail_batch(talk, as_message(answers.why()));
  if (answers.failed()) fail_transaction(talk);
  if (answers.failed()) talk.client.transaction.fail();
  if (answers.failed() && flushes) talk.client.skip_to_sync = true;
  if (!flushes && !open) wire::write_ready_for_query(answers.out, talk.status());
  talk.write(answers.out);
  if (!flushes && open) return send_sync(talk);
  now.inbox.consume_batch();
}

void skip_batch(conversation& talk) {
  std::string out;
  const bool ends = talk.work->inbox.batch().end() == wire::batch_end::sync;
  if (ends && talk.leased() && talk.server().skips()) {
    talk.work->facts = {};
    return send_sync(talk);
  }
  if (ends) {
    talk.client.skip_to_sync = false;
    wire::write_ready_for_query(out, talk.status());
  }
  talk.work->inbox.consume_batch();
  talk.write(out);
}

void fail_batch(conversation& talk, const wire::error& why) {
  fail_batch(talk, as_message(why));
}

void fail_batch(conversation& talk, std::string_view message) {
  // What stands before it in the same exchange would be committed by the Sync that is yet to come.
  if (talk.leased() && talk.server().is_open() && !talk.server().skips()) return fail_exchange(talk, message);
  fail_transaction(talk);
  answer_failure(talk, message);
}

void answer_failure(conversation& talk, std::string_view message) {
  auto& now = *talk.work;
  talk.client.transaction.fail();
  std::string out(message);
  if (std::exchange(talk.under_way().streaming, false)) return drop_streamed(talk, std::move(out));
  const bool skips = talk.leased() && talk.server().skips();
  if (skips && ends_exchange(now.facts.end)) {
    talk.write(out);
    now.facts = {};
    return send_sync(talk);
  }
  if (skips) {
    // The server waits for the Sync that is yet to come.
  } else if (now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut) {
    talk.client.skip_to_sync = true;
  } else {
    wire::write_ready_for_query(out, talk.status());
  }
  now.inbox.consume_batch();
  talk.write(out);
}

}  // namespace highwater::proxy
