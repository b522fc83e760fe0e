#include "proxy/client/requests.hpp"

#include <algorithm>
#include <utility>

#include "proxy/client/conversation.hpp"
#include "proxy/client/examining.hpp"
#include "proxy/client/message_writer.hpp"
#include "proxy/client/replies.hpp"

namespace highwater::proxy {

using sql::statement_kind;

namespace {

// Has it written here last, and nobody since?
bool wrote_here(conversation& talk) {
  return talk.client.last_write != 0 && talk.server().last_write() == talk.client.last_write;
}

}  // namespace

writing writes(conversation& talk) {
  auto& database = talk.kind->database;
  return {
      talk.client,
      talk.under_way(),
      talk.work->facts,
      {database.statements, database.catalog},
      talk.worker.prepared,
      talk.worker.shared.schema_changes.load(std::memory_order_relaxed),
      talk.worker.settings->pool.max_prepared_statements,
      std::max<std::size_t>(talk.work->inbox.batch().messages().size(), 1),  // one, of those that are sent as they come
      talk.worker.parsed_names};
}

void send_batch(conversation& talk, routing::route_reason reason, std::size_t fails_at) {
  auto& now = *talk.work;
  auto& exchange = talk.under_way();
  const auto& facts = now.facts;
  note_route(talk, !talk.client.transaction.deferred() || exchange.held.in_read_only
                       ? reason
                       : routing::route_reason::transaction);
  auto one = exchange.flight_of(facts, talk.client.transaction.deferred(), now.attempt.retried());
  one.begin = now.inbox.begin();
  one.size = now.inbox.batch().size();
  auto& out = talk.worker.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes(talk);
  message_writer writer(about, out, told);
  const bool begins = writer.write_deferred_begin();
  if (talk.placed().begins_as_read()) exchange.held.in_read_only = true;
  exchange.note_effects(facts, talk.client, begins, one.no_ready, about.verdict_on);
  // A Flush behind messages that only prepare becomes a Sync, so that the connection need not be kept for what may be a
  // long time; the client does not see its ReadyForQuery.
  one.hidden_sync = facts.end == wire::batch_end::flush && !facts.executes && !talk.server().is_open() && !begins &&
                    talk.server().idle() && !exchange.held.pins.any();
  one.no_ready &= !one.hidden_sync;
  const auto batch = talk.input();
  for (std::size_t at = 0; const auto& message : now.inbox.batch().messages()) {
    const bool asks_for_answers = message.type == wire::frontend::sync || message.type == wire::frontend::flush;
    if (at == fails_at) writer.write_own_failure();
    if (at++ >= fails_at && !asks_for_answers) continue;
    if (message.type == wire::frontend::flush && one.hidden_sync) {
      about.server().close_surplus(about.most_statements, out);
      writer.write_hidden_sync();
    } else {
      writer.write({message.type, message.size, batch.substr(message.offset, message.size)});
    }
  }
  // The server keeps its answers until it is asked for them.
  if (std::exchange(now.cut_here, false)) wire::write_empty(out, wire::frontend::flush);
  exchange.note_sent(facts);
  if (one.writes && facts.executes) note_write(talk);
  exchange.take_off(one);
  exchange.held.flushed = false;
  if (!told.empty()) talk.write(told);
  talk.connection().send_and_read(out);
  talk.work->inbox.consume(one.size);
  answer_due_locals(talk);
}

void send_sync(conversation& talk) {
  auto one =
      talk.under_way().flight_of(talk.work->facts, talk.client.transaction.deferred(), talk.work->attempt.retried());
  one.begin = talk.work->inbox.begin();
  one.size = talk.work->inbox.batch().size();
  one.no_ready = false;  // whatever the batch was: this ends it
  auto& out = talk.worker.out_scratch;
  out.clear();
  std::string sync, told;
  wire::write_empty(sync, wire::frontend::sync);
  const auto about = writes(talk);
  message_writer(about, out, told).write({wire::frontend::sync, sync.size(), sync});
  talk.under_way().take_off(one);
  talk.connection().send_and_read(out);
  talk.work->inbox.consume(one.size);
}

void ask_for_answers(conversation& talk) {
  if (!talk.server().is_open() || std::exchange(talk.under_way().held.flushed, true)) return;
  std::string out;
  wire::write_empty(out, wire::frontend::flush);
  talk.connection().send(out);
  talk.connection().read_on();
}

// Where nothing is to come from the server first, nobody else would say it.
void answer_due_locals(conversation& talk) {
  // What may still have to be asked elsewhere is answered with the rest.
  const auto& flights = talk.under_way().flights;
  if (!flights.empty() && flights.front().retryable) return;
  struct {
    client_state& client;
    std::string text{};
    void local(const wire::expected_reply& what) { answer_in_turn(what, client, text); }
  } locals{talk.client};
  talk.server().take_turns(locals);
  talk.write(locals.text);
}

// Where it runs, for metrics and SHOW highwater.last_route; and with session pooling it stays there.
void note_route(conversation& talk, routing::route_reason reason) {
  const auto& facts = talk.work->facts;
  auto& exchange = talk.under_way();
  const auto node = talk.server().node();
  const bool read = facts.kind == statement_kind::read || facts.kind == statement_kind::begin_read_only;
  auto& last = talk.last_route;
  last.node = node;
  last.floor = talk.work->attempt.plan().floor;
  last.node_at = talk.work->attempt.plan().node_at;
  last.reason = reason;
  last.level = read || exchange.held.on_replica ? talk.work->attempt.need().level : config::level::primary;
  last.statement = facts.statements.empty() ? nullptr : facts.statements.back().statement;
  if (read) {
    talk.worker.probe.read_routed(node, static_cast<std::size_t>(last.level), static_cast<std::size_t>(reason));
  } else if (exchange.streaming || facts.may_write()) {
    talk.worker.probe.write_routed(node);
  }
  if (talk.keeps_one_server() && !exchange.held.pins.any()) exchange.pin(sql::pin_reason::pool_mode);
  exchange.note_pinned(talk.client.requested);
}

void note_write(conversation& talk) {
  if (!wrote_here(talk)) talk.server().written(talk.client.mark_write());
}

void forget_sequences_of_others(conversation& talk) {
  const bool failed = talk.server().status() == wire::transaction_status::failed;
  const bool reads = reads_sequences(talk);
  if (reads) talk.worker.keep_sequences_apart(talk.kind->database);
  const bool matters = reads || (talk.kind->database.reads_sequences && talk.work->facts.kind == statement_kind::write);
  if (!matters || wrote_here(talk) || talk.server().is_open() || failed) return;
  note_write(talk);
  talk.connection().ask_hidden("DISCARD SEQUENCES");
}

}  // namespace highwater::proxy
