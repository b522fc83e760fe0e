#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using sql::statement_kind;
using wire::reply_kind;

// Sends the batch at the beginning of the input to the leased connection.
void session::send_batch(routing::route_reason reason) {
  auto& now = *work_;
  count_route(!transaction_.deferred() || held_.in_read_only ? reason : routing::route_reason::transaction);
  auto one = new_flight();
  auto& out = worker_.out_scratch;
  out.clear();
  const bool begins = send_deferred_begin(out);
  if (begins_placed()) held_.in_read_only = true;
  note_batch_effects(begins, one.no_ready);

  // A Flush behind messages that only prepare becomes a Sync, so that the connection need not be kept for what may be a
  // long time; the client does not see its ReadyForQuery.
  one.hidden_sync = now.facts.end == wire::batch_end::flush && !now.facts.executes && !server().is_open() && !begins &&
                    server().idle() && !held_.pins.any();
  one.no_ready &= !one.hidden_sync;
  const auto batch = input_left();
  for (const auto& message : now.scanner.messages()) {
    if (message.type == wire::frontend::flush && one.hidden_sync) {
      wire::write_empty(out, wire::frontend::sync);
      server().expect({reply_kind::sync, true, 0, 0});
    } else {
      send_message({message.type, message.size, batch.substr(message.offset, message.size)}, out);
    }
  }
  // The server keeps its answers until it is asked for them.
  if (std::exchange(now.cut_here, false)) wire::write_empty(out, wire::frontend::flush);
  note_what_follows(one);
  take_off(one);
  now.flushed = false;
  lease_->send(out);
  lease_->read_on();
  consume(one.size);
  answer_due_locals();
}

flight session::new_flight() const {
  const auto& now = *work_;
  const auto kind = now.facts.kind;
  const bool alone =
      !transaction_.deferred() && !held_.in_read_only && !held_.pins.any() && !server().is_open() && server().idle();
  flight one;
  one.begin = now.begin;
  one.size = now.scanner.size();
  one.ends = std::any_of(now.facts.statements.begin(), now.facts.statements.end(), [](const auto& text) {
    return text.statement->ends_transaction || (text.statement->kind == statement_kind::write && text.statement->statement_count != 1);
  });
  one.writes = !held_.on_replica && (now.facts.may_write() || (one.ends && held_.wrote));
  one.reads = !one.ends && (kind == statement_kind::read || kind == statement_kind::begin_read_only ||
                            kind == statement_kind::neutral);
  one.retryable = held_.on_replica && kind == statement_kind::read && alone && !now.attempt.retried() &&
                  (!server().owes() || (!now.flights.empty() && now.flights.back().retryable));
  one.parses = now.facts.parses;
  one.no_ready = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  one.schema = std::any_of(now.facts.statements.begin(), now.facts.statements.end(),
                           [](const auto& text) { return text.statement->changes_schema; });
  return one;
}

// What had no ReadyForQuery of its own (a Flush before, or a Sync that copy-in mode swallowed) is answered with this.
void session::take_off(flight& one) {
  auto& flights = work_->flights;
  held_.wrote |= one.writes;
  while (!one.no_ready && !flights.empty() && flights.back().no_ready) {
    one.writes |= flights.back().writes;
    one.schema |= flights.back().schema;
    one.reads &= flights.back().reads;
    flights.pop_back();
  }
  flights.push_back(one);
}

// The BEGIN that has been answered already; nobody sees the server's answer.
bool session::send_deferred_begin(std::string& out) {
  if (!transaction_.deferred()) return false;
  const auto opening = transaction_.send();
  server().add_hidden_query(opening.begin, out);
  held_.begin_unanswered = true;
  if (opening.fails) server().add_hidden_query(transaction::failing_statement, out);
  held_.in_read_only = opening.reads_only;
  return true;
}

// Where nothing is to come from the server first, nobody else would say it.
void session::answer_due_locals() {
  // What may still have to be asked elsewhere is answered with the rest.
  if (!work_->flights.empty() && work_->flights.front().retryable) return;
  struct {
    session& self;
    std::string text{};
    void local(const wire::expected_reply& what) { self.answer_in_turn(what, text); }
  } locals{*this};
  server().take_turns(locals);
  write_client(locals.text);
}

// Appends one message, as the server is to see it, and what is to be expected for it.
void session::send_message(const wire::frame& message, std::string& out) {
  switch (message.type) {
    case wire::frontend::query:
      return send_query(message, out);
    case wire::frontend::function_call:
      server().expect({reply_kind::function_call, false, 0, 0});
      break;
    case wire::frontend::parse:
      return send_parse(message, out);
    case wire::frontend::bind:
      return send_bind(message, out);
    case wire::frontend::describe:
    case wire::frontend::close:
      return send_target(message, out);
    case wire::frontend::execute:
      return send_execute(message, out);
    case wire::frontend::sync:
      lease_->make_room(0, out);
      server().expect({reply_kind::sync, false, 0, 0});
      break;
    default:
      break;
  }
  out.append(message.available);
}

void session::count_route(routing::route_reason reason) {
  const auto& facts = work_->facts;
  const auto node = lease_->node();
  const bool read = facts.kind == statement_kind::read || facts.kind == statement_kind::begin_read_only;
  auto& last = last_route_;
  last.node = node;
  last.floor = work_->attempt.plan().floor;
  last.node_at = work_->attempt.plan().node_at;
  last.reason = reason;
  last.level = read || held_.on_replica ? work_->attempt.need().level : config::level::primary;
  last.statement = facts.statements.empty() ? nullptr : facts.statements.back().statement;
  if (read) {
    worker_.probe.read_routed(node, static_cast<std::size_t>(last.level), static_cast<std::size_t>(reason));
  } else if (work_->streaming || facts.may_write()) {
    worker_.probe.write_routed(node);
  }
  if (keeps_one_server() && !held_.pins.any()) pin(sql::pin_reason::pool_mode);
}

}  // namespace highwater::proxy
