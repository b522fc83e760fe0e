#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::statement_kind;
using wire::reply_kind;

namespace {

// What nobody knows may.
bool may_write(const batch_facts& facts) {
  if (!facts.executes) return false;
  const bool unknown = facts.statements.empty() || facts.calls || facts.runs_older_portal || facts.unclear;
  return unknown || std::any_of(facts.statements.begin(), facts.statements.end(),
                                [](const auto& text) { return text.what->writes; });
}

}  // namespace

// Sends the batch at the beginning of the input to the leased connection.
void session::send_batch(routing::route_reason reason) {
  auto& now = *work_;
  count_route(deferred_begin_.empty() || held_.in_read_only ? reason : routing::route_reason::transaction);
  auto one = new_flight();
  auto& out = worker_.out_scratch;
  out.clear();
  const bool begins = send_deferred_begin(out);
  if (begins_placed()) held_.in_read_only = true;
  note_batch_effects(begins, one.no_ready);

  // A Flush behind messages that only prepare becomes a Sync, so that the connection need not be kept for what may be a
  // long time; the client does not see its ReadyForQuery.
  one.hidden_sync = now.facts.end == wire::batch_end::flush && !now.facts.executes && !lease_->is_open() && !begins &&
                    lease_->status == wire::transaction_status::idle && !held_.pins.any();
  one.no_ready &= !one.hidden_sync;
  const auto batch = input_left();
  for (const auto& message : now.scanner.messages()) {
    if (message.type == wire::frontend::flush && one.hidden_sync) {
      wire::write_empty(out, wire::frontend::sync);
      lease_->expect({reply_kind::sync, true, 0, 0});
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
  const bool alone = deferred_begin_.empty() && !held_.in_read_only && !held_.pins.any() && !lease_->is_open() &&
                     lease_->status == wire::transaction_status::idle;
  flight one;
  one.begin = now.begin;
  one.size = now.scanner.size();
  one.ends = std::any_of(now.facts.statements.begin(), now.facts.statements.end(), [](const auto& text) {
    return text.what->ends_transaction || (text.what->kind == statement_kind::write && text.what->statement_count != 1);
  });
  one.writes = !held_.on_replica && (may_write(now.facts) || (one.ends && held_.wrote));
  one.reads = !one.ends && (kind == statement_kind::read || kind == statement_kind::begin_read_only ||
                            kind == statement_kind::neutral);
  one.retryable = held_.on_replica && kind == statement_kind::read && alone && !now.retried &&
                  (lease_->queue.empty() || (!now.flights.empty() && now.flights.back().retryable));
  one.parses = now.facts.parses;
  one.no_ready = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  one.schema = std::any_of(now.facts.statements.begin(), now.facts.statements.end(),
                           [](const auto& text) { return text.what->changes_schema; });
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
  if (deferred_begin_.empty()) return false;
  // A transaction that has failed here fails there: with the server in the same state it says all the rest itself.
  wire::write_query(out, begin_failed_ ? "BEGIN" : std::string_view(deferred_begin_));
  lease_->expect({reply_kind::query, true, 0, 0});
  held_.begin_unanswered = true;
  if (begin_failed_) {
    wire::write_query(out, failing_statement);
    lease_->expect({reply_kind::query, true, 0, 0});
  }
  held_.in_read_only = deferred_read_only_ && !begin_failed_;
  begin_failed_ = false;
  forget_deferred_begin();
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
  lease_->reader.run_locals(lease_->queue, locals);
  write_client(locals.text);
}

// Appends one message, as the server is to see it, and what is to be expected for it.
void session::send_message(const wire::frame& message, std::string& out) {
  switch (message.type) {
    case wire::frontend::query:
      return send_query(message, out);
    case wire::frontend::function_call:
      lease_->expect({reply_kind::function_call, false, 0, 0});
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
      lease_->expect({reply_kind::sync, false, 0, 0});
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
  last.floor = work_->plan.floor;
  last.node_at = work_->plan.node_at;
  last.reason = reason;
  last.level = read || held_.on_replica ? work_->need.level : config::level::primary;
  last.statement = facts.statements.empty() ? nullptr : facts.statements.back().what;
  if (read) {
    worker_.probe.read_routed(node, static_cast<std::size_t>(last.level), static_cast<std::size_t>(reason));
  } else if (work_->streaming || may_write(facts)) {
    worker_.probe.write_routed(node);
  }
  if (keeps_one_server() && !held_.pins.any()) pin(routing::pin_reason::pool_mode);
}

}  // namespace highwater::proxy
