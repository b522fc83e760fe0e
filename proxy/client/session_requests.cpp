// A batch on its way to the server that the session leases.

#include <utility>

#include "proxy/client/batch_failure.hpp"
#include "proxy/client/message_writer.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"
#include "proxy/client/statement_needs.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

using sql::statement_kind;

writing session::writes() {
  auto& database = kind_->database;
  return {client_,
          under_way(),
          work_->facts,
          {database.statements, database.catalog},
          worker_.prepared,
          worker_.shared.schema_changes.load(std::memory_order_relaxed),
          worker_.shared.settings.pool.max_prepared_statements,
          work_->scanner.messages().size(),
          worker_.parsed_names};
}

// Sends the batch, once the connection has what it needs for it.
void session::dispatch(routing::route_reason reason) {
  forget_sequences_of_others();
  find_needs();
  if (work_->needs.needed()) return prepare_needs(reason);
  send_batch(reason);
}

// Of what the batch uses, what the connection does not have.
void session::find_needs() {
  auto& now = *work_;
  under_way().forget_portals_of_the_past();
  now.needs.clear();
  const auto cut = statement_needs(writes(), now.needs).of_batch(now.scanner, input_left(), prepares_by_turns());
  if (!cut) return;
  now.scanner.cut_behind(*cut);
  now.cut_here = true;
  look_at_batch();
}

// Would a failure in front of the batch fail the transaction, or the exchange, that it belongs to? A replica's
// transaction has to end with a Sync: see refusal().
bool session::prepares_by_turns() const {
  const auto ends = [](const sql::statement& one) { return one.ends_transaction; };
  if (under_way().held.on_replica && work_->facts.any(ends)) return false;
  return !server().idle() || server().is_open();
}

// Gives the connection what it lacks; on_prepared() follows.
void session::prepare_needs(routing::route_reason reason) {
  work_->reason = reason;
  stage_ = stage::preparing;
  connection().prepare(work_->needs.to_send(), writes().most_statements_within());
}

void session::on_prepared(std::string_view failed) {
  const auto alive = shared_from_this();
  const bool may_leave = on_the_way() && under_way().held.on_replica;
  stage_ = stage::ready;
  auto& needs = work_->needs;
  note_prepared(needs, writes(), failed);
  if (may_leave && needs.fails() && leave_who_refuses(failed)) return;
  // Who stands behind one that was refused has been passed over.
  if (!failed.empty() && server().idle() && !server().skips()) {
    if (const auto failure = fails_at()) needs.give_up_from(failure->at);
    if (needs.is_due()) return prepare_needs(work_->reason);
  }
  run_prepared();
  needs.clear();
  if (stage_ == stage::ready && leased() && !busy()) exchange_over();
  go_on();
}

// Rule 15, of a read that is prepared there: nothing of it has been sent. `error`: none if its rows are other ones
// there.
bool session::leave_who_refuses(std::string_view error) {
  auto& attempt = work_->attempt;
  const auto how = error.empty() ? wire::replica_refusal::behind_ddl : wire::judge_first_reply(error, true).why;
  if (attempt.retried() || how == wire::replica_refusal::none || !attempt.has_elsewhere(how, circumstances()))
    return false;
  attempt.refused_by(server().node(), how, false);
  work_->needs.clear();
  release();
  begin_again(cause_of(how));
  return true;
}

std::optional<batch_failure> session::fails_at() {
  auto& now = *work_;
  if (!under_way().streaming) return find_failure(now.needs, writes(), now.scanner, input_left());
  const auto* why = now.needs.first_failing();
  return why != nullptr ? std::optional(batch_failure{0, why}) : std::nullopt;
}

// What the batch needs is there, or will not be.
void session::run_prepared() {
  auto& now = *work_;
  const auto* refused = now.needs.first_refused();
  const bool may_go_on = refused == nullptr || (server().idle() && !server().skips());
  auto failure = fails_at();
  if (!failure && !may_go_on) failure = batch_failure{0, refused};
  if (!failure) {
    if (!under_way().streaming) send_batch(now.reason);
    return;
  }
  const auto told = told_before(*failure) + error_of(*failure->why);
  // The server has failed what it belongs to already.
  if (!may_go_on) return answer_failure(told);
  if (failure->at == 0) return fail_batch(told);
  under_way().own_failure = told;
  send_batch(now.reason, failure->at);
}

// Of an outdated one it is what PostgreSQL says of a plan whose rows have become others, word by word: drivers prepare
// anew when they read it.
std::string session::error_of(const preparation::item& failed) {
  if (!failed.refusal.empty()) return failed.refusal;
  // Whoever prepares it from now on gets another one.
  worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  std::string error;
  wire::write_error(error, wire::severity::error,
                    {std::string(wire::sqlstate::feature_not_supported), "cached plan must not change result type", "",
                     "", "RevalidateCachedQuery"});
  return error;
}

// Sends the batch at the beginning of the input to the leased connection. From the message `fails_at` on, what stands
// in it does not count: it fails there with exchange::own_failure.
void session::send_batch(routing::route_reason reason, std::size_t fails_at) {
  auto& now = *work_;
  auto& exchange = under_way();
  const auto& facts = now.facts;
  note_route(!client_.transaction.deferred() || exchange.held.in_read_only ? reason
                                                                           : routing::route_reason::transaction);
  auto one = exchange.flight_of(facts, client_.transaction.deferred(), now.attempt.retried());
  one.begin = now.begin;
  one.size = now.scanner.size();
  auto& out = worker_.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes();
  message_writer writer(about, out, told);
  const bool begins = writer.write_deferred_begin();
  if (placed().begins_as_read()) exchange.held.in_read_only = true;
  exchange.note_effects(facts, client_, begins, one.no_ready, about.verdict_on);
  // A Flush behind messages that only prepare becomes a Sync, so that the connection need not be kept for what may be a
  // long time; the client does not see its ReadyForQuery.
  one.hidden_sync = facts.end == wire::batch_end::flush && !facts.executes && !server().is_open() && !begins &&
                    server().idle() && !exchange.held.pins.any();
  one.no_ready &= !one.hidden_sync;
  const auto batch = input_left();
  for (std::size_t at = 0; const auto& message : now.scanner.messages()) {
    const bool asks_for_answers = message.type == wire::frontend::sync || message.type == wire::frontend::flush;
    if (at == fails_at) writer.write_own_failure();
    if (at++ >= fails_at && !asks_for_answers) continue;
    if (message.type == wire::frontend::flush && one.hidden_sync) {
      writer.write_hidden_sync();
    } else {
      writer.write({message.type, message.size, batch.substr(message.offset, message.size)});
    }
  }
  // The server keeps its answers until it is asked for them.
  if (std::exchange(now.cut_here, false)) wire::write_empty(out, wire::frontend::flush);
  exchange.note_sent(facts);
  if (one.writes && facts.executes) note_write();
  exchange.take_off(one);
  exchange.held.flushed = false;
  if (!told.empty()) write_client(told);
  connection().send_and_read(out);
  consume(one.size);
  answer_due_locals();
}

// Where nothing is to come from the server first, nobody else would say it.
void session::answer_due_locals() {
  // What may still have to be asked elsewhere is answered with the rest.
  const auto& flights = under_way().flights;
  if (!flights.empty() && flights.front().retryable) return;
  struct {
    client_state& client;
    std::string text{};
    void local(const wire::expected_reply& what) { answer_in_turn(what, client, text); }
  } locals{client_};
  server().take_turns(locals);
  write_client(locals.text);
}

// Where it runs, for metrics and SHOW highwater.last_route; and with session pooling it stays there.
void session::note_route(routing::route_reason reason) {
  const auto& facts = work_->facts;
  auto& exchange = under_way();
  const auto node = server().node();
  const bool read = facts.kind == statement_kind::read || facts.kind == statement_kind::begin_read_only;
  auto& last = last_route_;
  last.node = node;
  last.floor = work_->attempt.plan().floor;
  last.node_at = work_->attempt.plan().node_at;
  last.reason = reason;
  last.level = read || exchange.held.on_replica ? work_->attempt.need().level : config::level::primary;
  last.statement = facts.statements.empty() ? nullptr : facts.statements.back().statement;
  if (read) {
    worker_.probe.read_routed(node, static_cast<std::size_t>(last.level), static_cast<std::size_t>(reason));
  } else if (exchange.streaming || facts.may_write()) {
    worker_.probe.write_routed(node);
  }
  if (keeps_one_server() && !exchange.held.pins.any()) exchange.pin(sql::pin_reason::pool_mode);
}

bool session::reads_sequences() const {
  const auto& facts = work_->facts;
  return facts.executes && facts.any([](const sql::statement& one) { return one.reads_sequences; });
}

std::uint64_t session::wanted_last_write() const {
  return work_ && reads_sequences() ? client_.last_write : 0;
}

// Has it written here last, and nobody since?
bool session::wrote_here() const {
  return client_.last_write != 0 && server().last_write() == client_.last_write;
}

void session::note_write() {
  if (!wrote_here()) server().written(client_.mark_write());
}

// currval() tells what the server's session has got from a sequence, and many sessions have had that one. Without this
// it would tell of somebody else's row, or of one that was not the last; with it the server says that there is none yet
// (55000).
void session::forget_sequences_of_others() {
  const bool failed = server().status() == wire::transaction_status::failed;
  const bool reads = reads_sequences();
  if (reads) worker_.keep_sequences_apart(kind_->database);
  const bool matters = reads || (kind_->database.reads_sequences && work_->facts.kind == statement_kind::write);
  if (!matters || wrote_here() || server().is_open() || failed) return;
  note_write();
  connection().ask_hidden("DISCARD SEQUENCES");
}

}  // namespace highwater::proxy
