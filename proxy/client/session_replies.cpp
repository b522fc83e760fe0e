#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "proxy/client/session.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// One of our names that the server does not know, although it should, or the other way round.
bool disagrees_on_names(const wire::error_fields& fields) {
  return fields.code == wire::sqlstate::invalid_statement_name || fields.code == wire::sqlstate::duplicate_statement;
}

}  // namespace

// What the reader finds in a server's bytes, put into what the client gets.
struct session::reply_handler {
  session& self;
  std::string_view run{};  // forwarded in place, if it is all there is
  std::string gathered{};
  std::string begin_failed{};      // why the BEGIN failed that the client takes for done
  wire::error last_words{};        // of a server that is about to close the connection
  wire::expected_reply failed_{};  // what the error that is being told belongs to
  std::string instead{};           // of that error

  void forward(std::string_view bytes) {
    if (run.empty() && gathered.empty()) {
      run = bytes;
      return;
    }
    gather();
    gathered.append(bytes);
  }
  void gather() {
    gathered.append(run);
    run = {};
  }
  void flush() { self.write_client(gathered.empty() ? run : (gather(), std::string_view(gathered))); }

  void local(const wire::expected_reply& what) {
    gather();
    self.answer_in_turn(what, gathered);
  }
  void completed(const wire::expected_reply& what) {
    self.server().completed(what);
    for (auto left = what.changes; left > 0; --left) self.names_->confirm();
  }
  void abandoned(const wire::expected_reply& what, bool failed) {
    if (failed) failed_ = what;
    self.server().skipped(what, failed);
    if (what.hidden && what.kind == reply_kind::describe_statement) self.names_->not_described();
    for (auto left = what.changes; left > 0; --left) failed ? self.names_->fail() : self.names_->revoke();
  }
  void described(const wire::expected_reply& what, const wire::frame& message) {
    const auto as = self.server().described(what, message);
    if (!as) return;
    // Whoever prepares it from now on gets another one than those did who prepared it before.
    if (!self.names_->described(as)) self.worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  }
  void command_complete(std::string_view tag) {
    self.held_.rolled_back = tag == "ROLLBACK";
    self.held_.committed = tag == "COMMIT";
    if (self.held_.rolled_back) self.work_->changes.undone();
    self.held_.deallocated |= tag == "DEALLOCATE";
    self.held_.pins.done(tag);
    if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") self.names_dropped();
    if (tag == "DISCARD ALL") self.state_discarded();
  }
  bool parameter_status(const wire::parameter_status_message& message) {
    self.server().note_parameter(message.name, message.value);
    // Where a RESET leads to, the server does not know: see tell_parameters().
    const bool resets = !tells_who_one_is(message.name) && self.work_->changes.resets(message.name) &&
                        find_parameter(self.told_.at_login(), message.name) != message.value;
    if (message.name == tells_of_node || resets) return false;
    return self.told_.news(message.name, message.value);
  }
  wire::after_error failed(const wire::error_fields& fields, bool hidden) {
    using wire::after_error;
    self.held_.batch_failed = true;
    if (wire::ends_connection(fields)) {
      last_words = {std::string(fields.code), std::string(fields.message), "", ""};
      return after_error::hide;
    }
    if (hidden && self.held_.begin_unanswered) begin_failed = std::string(fields.message);
    const bool stale = wire::is_stale_plan(fields);
    if (stale) self.worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
    const auto ours = fields.message.find(own_statement_prefix);
    if (stale || (ours != std::string_view::npos && disagrees_on_names(fields))) self.server().soil();
    const auto& flights = self.work_->flights;
    if (!flights.empty() && flights.front().hidden_sync) self.skip_to_sync_ = true;
    if (failed_.statement == own_failure_id && failed_.kind == reply_kind::parse) {
      instead = self.work_->own_failure;
      return after_error::replace;
    }
    if (ours == std::string_view::npos) return after_error::show;
    instead = self.with_client_names(fields);
    return after_error::replace;
  }
  void replacement() {
    gather();
    gathered.append(instead);
  }
  void copy_in(std::size_t syncs) {
    self.held_.copy_in = true;
    auto& flights = self.work_->flights;
    // The server drops the Syncs that it has, and waits for another one.
    if (self.server().next_owed().kind == reply_kind::execute) {
      if (!flights.empty()) flights.front().no_ready |= syncs != 0;
      return;
    }
    for (; syncs > 0 && flights.size() > 1; --syncs) flights.erase(flights.begin() + 1);
  }
  void copy_ended(bool doubtful) {
    self.held_.copy_in = false;
    if (doubtful) self.doubt_syncs_of_copy();
  }
  void late_syncs(std::size_t count, bool extended, wire::transaction_status status) {
    gather();
    for (auto left = count; left > 0; --left) wire::write_ready_for_query(gathered, status);
    if (!extended) return;
    self.work_->streaming = false;
    self.batch_answered(status);
    // What the client sends up to its next Sync does not count, but the server does not wait for that any more.
    self.skip_to_sync_ |= count == 0;
  }
  wire::after_ready ready(wire::transaction_status status, const wire::expected_reply& what) {
    using wire::after_ready;
    self.server().ready(status, what);
    // A Query has ended the unnamed statement, and what else it has done its tags have told.
    if (what.changes != 0) self.names_->end_query(what.changes, self.held_.deallocated);
    self.held_.deallocated = false;
    const auto& flights = self.work_->flights;
    if (std::exchange(self.held_.begin_unanswered, false) && what.hidden) {
      // Anything but "idle", and the server refuses what follows by itself.
      if (!begin_failed.empty() && status == wire::transaction_status::idle) return after_ready::stop;
      begin_failed.clear();
      self.send_wanted_cancel();
      return after_ready::go_on;
    }
    const bool of_a_batch = !what.hidden || (!flights.empty() && flights.front().hidden_sync);
    if (of_a_batch) self.batch_answered(status);
    if (!what.hidden && status == wire::transaction_status::idle && self.work_->changes.pending() &&
        !self.server().owes()) {
      self.work_->ready_held = true;
      return after_ready::keep_and_stop;
    }
    // A read that may have to run elsewhere is looked at before any of its answer is forwarded.
    return flights.empty() || !flights.front().retryable ? after_ready::go_on : after_ready::stop;
  }
};

void session::answer_in_turn(const wire::expected_reply& what, std::string& out) {
  wire::write_empty(out, what.kind == reply_kind::local_parse_complete ? wire::backend::parse_complete
                                                                       : wire::backend::close_complete);
  for (auto left = what.changes; left > 0; --left) names_->confirm();
}

std::size_t session::on_server_bytes(std::string_view bytes) {
  const auto alive = shared_from_this();
  if (stage_ == stage::inquiring) return take_inquiry(bytes);
  // Nothing has been asked yet. If it is the server's end, the connection's end follows.
  if (work_->awaiting_proof) return lease_->skip(bytes);
  const auto* connection = lease_;
  std::size_t used = 0;
  for (;;) {
    const auto& flights = work_->flights;
    if (!flights.empty() && flights.front().retryable) {
      using verdict = wire::first_reply::verdict;
      const auto first = wire::judge_first_reply(bytes.substr(used), flights.front().parses);
      if (first.what == verdict::undecided) break;
      if (first.what == verdict::refused && work_->attempt.has_elsewhere(first.why, circumstances()))
        return used + refused(bytes.substr(used), first.why);
      work_->flights.front().retryable = false;
    }
    const auto read = take_replies(bytes.substr(used));
    used += read.consumed;
    // What the client sent next may have been given another connection by now.
    if (lease_ != connection || stage_ == stage::ended) return bytes.size();
    if (read.what != wire::reply_reader::outcome::stopped) break;
  }
  if (!connection->session().owes()) held_.ends_names = work_->flushed = false;
  if (stage_ == stage::ready && !busy()) exchange_over();
  if (stage_ == stage::ready) process();
  settle();
  return used;
}

// Forwards what has come, up to the end of it or of a batch behind which a decision is due. Afterwards there is no
// lease if the server has said that it ends, or something that it should not have.
wire::reply_reader::result session::take_replies(std::string_view bytes) {
  // Before the first byte is on its way: whoever is told of it can tell others.
  note_told(std::chrono::steady_clock::now());
  auto& connection = *lease_;
  reply_handler handler{*this};
  const auto read = connection.session().take(bytes, handler);
  handler.flush();
  if (!handler.begin_failed.empty()) {
    note_unknown_writes();
    drop_lease();
    fatal({std::string(wire::sqlstate::connection_failure),
           "the transaction could not be begun: " + handler.begin_failed,
           "The outcome of the statement behind BEGIN is unknown.", "Connect again."});
  } else if (read.what == wire::reply_reader::outcome::violation) {
    worker_.probe.protocol_errors.add();
    spdlog::error("node {} sent something that does not belong into the protocol here: connection closed",
                  worker_.shared.settings.cluster.nodes[connection.node()].name);
    give_up_connection({std::string(wire::sqlstate::protocol_violation),
                        lost_connection_to(connection.node()) + ": it sent an invalid message", "", ""});
  } else if (!handler.last_words.code.empty()) {
    give_up_connection(handler.last_words);
  }
  return read;
}

void session::send_wanted_cancel() {
  if (!std::exchange(held_.cancel_wanted, false)) return;
  lease_->cancel([told = std::exchange(work_->cancel_over, {})] {
    for (const auto& over : told) over();
  });
}

// There is nothing left that a request could hit.
void session::cancel_is_over() {
  for (const auto& over : std::exchange(work_->cancel_over, {})) over();
}

// Whoever is told of DDL that is committed, or may tell others of it, must not have it judged by what was before.
void session::doubt_what_changed() {
  if (!work_->touched.any() && !work_->logins.any()) return;
  const auto& flights = work_->flights;
  const bool ends = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.ends; });
  if (!server().idle() && !ends) return;
  tell_of_ddl();
}

void session::tell_of_ddl() {
  const auto& now = *work_;
  if (now.touched.any()) worker_.shared.catalogs.out_of_date(kind_->database.name, now.touched);
  if (!now.logins.any()) return;
  for (const auto& each : now.logins.scopes) {
    if (!each.database.empty()) worker_.shared.catalogs.replaced(each.database);
  }
  worker_.shared.logins.changed(now.logins.scopes, std::chrono::steady_clock::now());
}

void session::note_told(routing::instant now) {
  doubt_what_changed();
  const auto node = lease_->node();
  const auto life = server().proved();
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = work_->flights;
  if (work_->streaming || std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    floors_.written.raise(now);
    worker_.shared.domain.told_of_write(now);
  }
  floors_.has_read(node, life, now, held_.on_replica);
  worker_.shared.domain.told_of_read(node, life, now);
}

void session::batch_answered(wire::transaction_status status) {
  auto& flights = work_->flights;
  if (!flights.empty()) {
    schema_changed_ |= flights.front().schema;
    const bool acknowledged = flights.front().writes && status == wire::transaction_status::idle;
    if (acknowledged && reads_after_writes_.wrote()) worker_.shared.monitor.expect_read(floors_.written.event);
    flights.pop_front();
  }
  if (flights.empty()) work_->vacant = nullptr;
  if (status != wire::transaction_status::idle) {
    if (held_.rolled_back) transaction_.level.partly_undone();
    if (status == wire::transaction_status::in_transaction) {
      // Whatever failed has been rolled back to a savepoint. Or it was COMMIT AND CHAIN.
      held_.batch_failed = false;
      if (std::exchange(held_.committed, false)) transaction_.level.transaction_over(false);
    }
    return;
  }
  transaction_.level.transaction_over(held_.rolled_back || held_.batch_failed);
  // Not before its transaction has been committed: until then the old catalogue is what there is to read.
  tell_of_schema_change();
}

void session::tell_of_schema_change() {
  if (work_->flights.empty()) work_->touched = {}, work_->logins = {};  // else of what is still under way
  if (!std::exchange(schema_changed_, false)) return;
  worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  worker_.shared.catalogs.out_of_date(kind_->database.name, {});  // its names have been told
}

// One that came between the answers to what was asked for the session's sake. It tells of a commit like any other
// answer.
void session::on_notification(std::string_view message) {
  note_told(std::chrono::steady_clock::now());
  write_client(message);
}

void session::on_server_drained() {
  const auto alive = shared_from_this();
  if (stage_ == stage::ready) process();
  settle();
}

// DEALLOCATE ALL and DISCARD ALL end the names that stand, and not those of what is sent behind them.
void session::names_dropped() {
  if (names_) names_->clear_named();
  server().statements().drop_parsed();
}

void session::state_discarded() {
  if (!keeps_one_server()) unpin();
  server().discarded();
}

// An error of the server's, with the client's name for a statement in place of ours.
std::string session::with_client_names(const wire::error_fields& fields) const {
  std::string body(fields.body);
  for (auto at = body.find(own_statement_prefix); at != std::string::npos; at = body.find(own_statement_prefix, at)) {
    const auto digits = at + own_statement_prefix.size();
    const auto end = std::min(body.find_first_not_of("0123456789", digits), body.size());
    const auto name = client_name_of(std::strtoull(body.c_str() + digits, nullptr, 10));
    if (name.empty()) {
      at = end;
    } else {
      body.replace(at, end - at, name);
      at += name.size();
    }
  }
  std::string message;
  wire::writer(message, wire::backend::error_response).bytes(body);
  return message;
}

std::string session::client_name_of(statement_id id) const {
  const auto stands_in = std::ranges::find(work_->stand_ins, id, &std::pair<statement_id, std::string>::first);
  if (stands_in != work_->stand_ins.end()) return stands_in->second;
  return names_ ? std::string(names_->name_of(id)) : std::string();
}

}  // namespace highwater::proxy
