#include "proxy/client/replies.hpp"

#include <utility>

#include "proxy/client/message_writer.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

using wire::reply_kind;
using wire::transaction_status;

namespace {

// One of our names that the server does not know, although it should, or the other way round.
bool disagrees_on_names(const wire::error_fields& fields) {
  return fields.code == wire::sqlstate::invalid_statement_name || fields.code == wire::sqlstate::duplicate_statement;
}

// As PostgreSQL says it of its own; the server takes it for the client's wish.
std::string canceled_in_time() {
  std::string out;
  wire::write_error(out, wire::severity::error,
                    {std::string(wire::sqlstate::query_canceled), "canceling statement due to statement timeout", "",
                     "It took longer than timeouts.query, or timeouts.transaction, of Highwater's configuration."});
  return out;
}

}  // namespace

void answer_in_turn(const wire::expected_reply& what, client_state& client, std::string& out) {
  wire::write_empty(out, what.kind == reply_kind::local_parse_complete ? wire::backend::parse_complete
                                                                       : wire::backend::close_complete);
  for (auto left = what.changes; left > 0; --left) client.prepared->confirm();
}

void replies::forward(std::string_view bytes) {
  if (run_.empty() && gathered_.empty()) {
    run_ = bytes;
    return;
  }
  gather();
  gathered_.append(bytes);
}

void replies::gather() {
  gathered_.append(run_);
  run_ = {};
}

void replies::local(const wire::expected_reply& what) {
  gather();
  answer_in_turn(what, client_, gathered_);
}

void replies::completed(const wire::expected_reply& what) {
  server().completed(what);
  for (auto left = what.changes; left > 0; --left) client_.prepared->confirm();
}

void replies::abandoned(const wire::expected_reply& what, bool failed) {
  if (failed) failed_ = what;
  server().skipped(what, failed);
  if (!failed && !what.hidden && wire::ends_with_ready(what.kind)) under_way_.skipped_one();
  if (what.hidden && what.kind == reply_kind::describe_statement) client_.prepared->not_described();
  for (auto left = what.changes; left > 0; --left) failed ? client_.prepared->fail() : client_.prepared->revoke();
}

// Whoever prepares it from now on gets another one than those did who prepared it before.
void replies::described(const wire::expected_reply& what, const wire::frame& message) {
  const auto as = server().described(what, message);
  if (as && !client_.prepared->described(as)) ++due_.plans_outdated;
}

void replies::command_complete(std::string_view tag) {
  auto& held = under_way_.held;
  held.rolled_back = tag == "ROLLBACK";
  held.committed = tag == "COMMIT";
  if (held.rolled_back) under_way_.changes.undone();
  held.deallocated |= tag == "DEALLOCATE";
  held.pins.done(tag);
  if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") names_dropped();
  if (tag == "DISCARD ALL") state_discarded();
}

// These end the names that stand, and not those of what is sent behind them.
void replies::names_dropped() {
  if (client_.prepared) client_.prepared->clear_named();
  server().statements().drop_parsed();
}

void replies::state_discarded() {
  if (!keeps_one_server_) under_way_.unpin();
  server().discarded();
}

bool replies::parameter_status(const wire::parameter_status_message& message) {
  server().note_parameter(message.name, message.value);
  // Where a RESET leads to, the server does not know: what it has come to is told at the end of the exchange. There it
  // is told of all together, in PostgreSQL's order; within a transaction the end may be far.
  const bool resets = !tells_who_one_is(message.name) && under_way_.changes.resets(message.name) &&
                      (under_way_.alone || find_parameter(client_.told.at_login(), message.name) != message.value);
  if (message.name == tells_of_node || resets) return false;
  return client_.told.news(message.name, message.value);
}

wire::after_error replies::failed(const wire::error_fields& fields, bool hidden) {
  using wire::after_error;
  under_way_.held.batch_failed = true;
  if (wire::ends_connection(fields)) {
    due_.last_words = wire::as_said(fields);
    return after_error::hide;
  }
  if (hidden && under_way_.held.begin_unanswered) due_.begin_failed = std::string(fields.message);
  const bool stale = wire::is_stale_plan(fields);
  if (stale) ++due_.plans_outdated;
  const auto ours = fields.message.find(own_statement_prefix);
  if (stale || (ours != std::string_view::npos && disagrees_on_names(fields))) server().soil();
  const auto& flights = under_way_.flights;
  if (!flights.empty() && flights.front().hidden_sync) client_.skip_to_sync = true;
  if (failed_.statement == own_failure_id && failed_.kind == reply_kind::parse) {
    instead_ = under_way_.own_failure;
    return after_error::replace;
  }
  if (under_way_.held.timed_out && fields.code == wire::sqlstate::query_canceled) {
    instead_ = canceled_in_time();
    return after_error::replace;
  }
  if (ours == std::string_view::npos) return after_error::show;
  instead_ = with_client_names(fields, under_way_, client_);
  return after_error::replace;
}

void replies::replacement() {
  gather();
  gathered_.append(instead_);
}

void replies::copy_in(std::size_t syncs) {
  under_way_.held.copy_in = true;
  auto& flights = under_way_.flights;
  // The server drops the Syncs that it has, and waits for another one.
  if (server().next_owed().kind == reply_kind::execute) {
    if (!flights.empty()) flights.front().no_ready |= syncs != 0;
    return;
  }
  for (; syncs > 0 && flights.size() > 1; --syncs) flights.drop_second();
}

// How many Syncs of a copy that has failed are answered: see reply_reader.
void replies::copy_ended(bool doubtful) {
  under_way_.held.copy_in = false;
  if (!doubtful) return;
  server().expect({reply_kind::late_syncs, true});
  under_way_.held.syncs_in_doubt = true;
  due_.syncs_doubted = true;
}

void replies::late_syncs(std::size_t count, bool extended, transaction_status status) {
  gather();
  for (auto left = count; left > 0; --left) wire::write_ready_for_query(gathered_, status);
  if (!extended) return;
  under_way_.streaming = false;
  answered(status);
  // What the client sends up to its next Sync does not count, but the server does not wait for that any more.
  client_.skip_to_sync |= count == 0;
}

wire::after_ready replies::ready(transaction_status status, const wire::expected_reply& what) {
  using wire::after_ready;
  server().ready(status, what);
  // A Query has ended the unnamed statement, and what else it has done its tags have told.
  if (what.changes != 0) client_.prepared->end_query(what.changes, under_way_.held.deallocated);
  under_way_.held.deallocated = false;
  const auto& flights = under_way_.flights;
  if (std::exchange(under_way_.held.begin_unanswered, false) && what.hidden) {
    // Anything but "idle", and the server refuses what follows by itself.
    if (!due_.begin_failed.empty() && status == transaction_status::idle) return after_ready::stop;
    due_.begin_failed.clear();
    due_.cancel_due = under_way_.held.cancel_wanted;
    return after_ready::go_on;
  }
  const bool of_a_batch = !what.hidden || (!flights.empty() && flights.front().hidden_sync);
  if (of_a_batch) answered(status);
  if (is_kept_back(status, what)) {
    under_way_.held.ready_held = true;
    return after_ready::keep_and_stop;
  }
  // A read that may have to run elsewhere is looked at before any of its answer is forwarded.
  return flights.empty() || !flights.front().retryable ? after_ready::go_on : after_ready::stop;
}

// A batch, with this status behind it.
void replies::answered(transaction_status status) {
  auto& flights = under_way_.flights;
  under_way_.held.timed_out = false;
  due_.answered = true;
  ++due_.queries;
  due_.transactions += status == transaction_status::idle;
  if (!flights.empty()) {
    under_way_.schema_changed |= flights.front().schema;
    due_.write_acknowledged |=
        flights.front().writes && status == transaction_status::idle && client_.reads_after_writes.wrote();
    flights.pop();
    // What the server tells from here on is of what comes behind a RESET, or of its being undone.
    if (flights.empty()) under_way_.changes.reset_answered();
  }
  status == transaction_status::idle ? transaction_over() : transaction_goes_on(status);
}

void replies::transaction_over() {
  const auto& held = under_way_.held;
  client_.transaction.level.transaction_over(held.rolled_back || held.batch_failed);
  // Not before: until it is committed, the old catalogue is what there is to read.
  due_.schema_changed |= under_way_.schema_change_over();
}

void replies::transaction_goes_on(transaction_status status) {
  auto& held = under_way_.held;
  if (held.rolled_back) client_.transaction.level.partly_undone();
  if (status != transaction_status::in_transaction) return;
  // Whatever failed has been rolled back to a savepoint. Or it was COMMIT AND CHAIN.
  held.batch_failed = false;
  if (std::exchange(held.committed, false)) client_.transaction.level.transaction_over(false);
}

// Until it is known what the client's settings are.
bool replies::is_kept_back(transaction_status status, const wire::expected_reply& what) {
  return !what.hidden && status == transaction_status::idle && under_way_.changes.pending() && !server().owes();
}

}  // namespace highwater::proxy
