#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/message_writer.hpp"
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
    for (auto left = what.changes; left > 0; --left) self.client_.prepared->confirm();
  }
  void abandoned(const wire::expected_reply& what, bool failed) {
    if (failed) failed_ = what;
    self.server().skipped(what, failed);
    if (what.hidden && what.kind == reply_kind::describe_statement) self.client_.prepared->not_described();
    for (auto left = what.changes; left > 0; --left)
      failed ? self.client_.prepared->fail() : self.client_.prepared->revoke();
  }
  void described(const wire::expected_reply& what, const wire::frame& message) {
    const auto as = self.server().described(what, message);
    if (!as) return;
    // Whoever prepares it from now on gets another one than those did who prepared it before.
    if (!self.client_.prepared->described(as))
      self.worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  }
  void command_complete(std::string_view tag) {
    self.under_way().held.rolled_back = tag == "ROLLBACK";
    self.under_way().held.committed = tag == "COMMIT";
    if (self.under_way().held.rolled_back) self.under_way().changes.undone();
    self.under_way().held.deallocated |= tag == "DEALLOCATE";
    self.under_way().held.pins.done(tag);
    if (tag == "DEALLOCATE ALL" || tag == "DISCARD ALL") self.names_dropped();
    if (tag == "DISCARD ALL") self.state_discarded();
  }
  bool parameter_status(const wire::parameter_status_message& message) {
    self.server().note_parameter(message.name, message.value);
    // Where a RESET leads to, the server does not know: see tell_parameters().
    const bool resets = !tells_who_one_is(message.name) && self.under_way().changes.resets(message.name) &&
                        find_parameter(self.client_.told.at_login(), message.name) != message.value;
    if (message.name == tells_of_node || resets) return false;
    return self.client_.told.news(message.name, message.value);
  }
  wire::after_error failed(const wire::error_fields& fields, bool hidden) {
    using wire::after_error;
    self.under_way().held.batch_failed = true;
    if (wire::ends_connection(fields)) {
      last_words = {std::string(fields.code), std::string(fields.message), "", ""};
      return after_error::hide;
    }
    if (hidden && self.under_way().held.begin_unanswered) begin_failed = std::string(fields.message);
    const bool stale = wire::is_stale_plan(fields);
    if (stale) self.worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
    const auto ours = fields.message.find(own_statement_prefix);
    if (stale || (ours != std::string_view::npos && disagrees_on_names(fields))) self.server().soil();
    const auto& flights = self.under_way().flights;
    if (!flights.empty() && flights.front().hidden_sync) self.client_.skip_to_sync = true;
    if (failed_.statement == own_failure_id && failed_.kind == reply_kind::parse) {
      instead = self.under_way().own_failure;
      return after_error::replace;
    }
    if (ours == std::string_view::npos) return after_error::show;
    instead = with_client_names(fields, self.under_way(), self.client_);
    return after_error::replace;
  }
  void replacement() {
    gather();
    gathered.append(instead);
  }
  void copy_in(std::size_t syncs) {
    self.under_way().held.copy_in = true;
    auto& flights = self.under_way().flights;
    // The server drops the Syncs that it has, and waits for another one.
    if (self.server().next_owed().kind == reply_kind::execute) {
      if (!flights.empty()) flights.front().no_ready |= syncs != 0;
      return;
    }
    for (; syncs > 0 && flights.size() > 1; --syncs) flights.drop_second();
  }
  void copy_ended(bool doubtful) {
    self.under_way().held.copy_in = false;
    if (doubtful) self.doubt_syncs_of_copy();
  }
  void late_syncs(std::size_t count, bool extended, wire::transaction_status status) {
    gather();
    for (auto left = count; left > 0; --left) wire::write_ready_for_query(gathered, status);
    if (!extended) return;
    self.under_way().streaming = false;
    self.batch_answered(status);
    // What the client sends up to its next Sync does not count, but the server does not wait for that any more.
    self.client_.skip_to_sync |= count == 0;
  }
  wire::after_ready ready(wire::transaction_status status, const wire::expected_reply& what) {
    using wire::after_ready;
    self.server().ready(status, what);
    // A Query has ended the unnamed statement, and what else it has done its tags have told.
    if (what.changes != 0) self.client_.prepared->end_query(what.changes, self.under_way().held.deallocated);
    self.under_way().held.deallocated = false;
    const auto& flights = self.under_way().flights;
    if (std::exchange(self.under_way().held.begin_unanswered, false) && what.hidden) {
      // Anything but "idle", and the server refuses what follows by itself.
      if (!begin_failed.empty() && status == wire::transaction_status::idle) return after_ready::stop;
      begin_failed.clear();
      self.send_wanted_cancel();
      return after_ready::go_on;
    }
    const bool of_a_batch = !what.hidden || (!flights.empty() && flights.front().hidden_sync);
    if (of_a_batch) self.batch_answered(status);
    if (!what.hidden && status == wire::transaction_status::idle && self.under_way().changes.pending() &&
        !self.server().owes()) {
      self.under_way().held.ready_held = true;
      return after_ready::keep_and_stop;
    }
    // A read that may have to run elsewhere is looked at before any of its answer is forwarded.
    return flights.empty() || !flights.front().retryable ? after_ready::go_on : after_ready::stop;
  }
};

void session::answer_in_turn(const wire::expected_reply& what, std::string& out) {
  wire::write_empty(out, what.kind == reply_kind::local_parse_complete ? wire::backend::parse_complete
                                                                       : wire::backend::close_complete);
  for (auto left = what.changes; left > 0; --left) client_.prepared->confirm();
}

std::size_t session::on_server_bytes(std::string_view bytes) {
  const auto alive = shared_from_this();
  if (stage_ == stage::inquiring) return take_inquiry(bytes);
  // Nothing has been asked yet. If it is the server's end, the connection's end follows.
  if (stage_ == stage::awaiting_proof) return connection().skip(bytes);
  const auto* const known = &server();
  std::size_t used = 0;
  for (;;) {
    const auto& flights = under_way().flights;
    if (!flights.empty() && flights.front().retryable) {
      using verdict = wire::first_reply::verdict;
      const auto first = wire::judge_first_reply(bytes.substr(used), flights.front().parses);
      if (first.what == verdict::undecided) break;
      if (first.what == verdict::refused && work_->attempt.has_elsewhere(first.why, circumstances()))
        return used + refused(bytes.substr(used), first.why);
      under_way().flights.front().retryable = false;
    }
    const auto read = take_replies(bytes.substr(used));
    used += read.consumed;
    // What the client sent next may have been given another connection by now.
    if (!leased() || &server() != known || stage_ == stage::ended) return bytes.size();
    if (read.what != wire::reply_reader::outcome::stopped) break;
  }
  if (!known->owes()) under_way().held.ends_names = under_way().held.flushed = false;
  if (stage_ == stage::ready && !busy()) exchange_over();
  go_on();
  return used;
}

// Forwards what has come, up to the end of it or of a batch behind which a decision is due. Afterwards there is no
// lease if the server has said that it ends, or something that it should not have.
wire::reply_reader::result session::take_replies(std::string_view bytes) {
  // Before the first byte is on its way: whoever is told of it can tell others.
  note_told(std::chrono::steady_clock::now());
  auto& connection = under_way().connection();
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
    const auto what = lost_connection_to(connection.node()) + ": it sent an invalid message";
    give_up_connection({std::string(wire::sqlstate::protocol_violation), what, "", ""});
  } else if (!handler.last_words.code.empty()) {
    give_up_connection(handler.last_words);
  }
  return read;
}

void session::send_wanted_cancel() {
  if (!std::exchange(under_way().held.cancel_wanted, false)) return;
  connection().cancel([told = std::exchange(under_way().cancel_over, {})] {
    for (const auto& over : told) over();
  });
}

// Whoever is told of DDL that is committed, or may tell others of it, must not have it judged by what was before.
void session::doubt_what_changed() {
  if (!under_way().touched.any() && !under_way().logins.any()) return;
  const auto& flights = under_way().flights;
  const bool ends = std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.ends; });
  if (!server().idle() && !ends) return;
  tell_of_ddl();
}

void session::tell_of_ddl() {
  if (under_way().touched.any()) worker_.shared.catalogs.out_of_date(kind_->database.name, under_way().touched);
  if (!under_way().logins.any()) return;
  for (const auto& each : under_way().logins.scopes) {
    if (!each.database.empty()) worker_.shared.catalogs.replaced(each.database);
  }
  worker_.shared.logins.changed(under_way().logins.scopes, std::chrono::steady_clock::now());
}

void session::note_told(routing::instant now) {
  doubt_what_changed();
  const auto node = server().node();
  const auto life = server().proved();
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = under_way().flights;
  if (under_way().streaming ||
      std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    client_.floors.written.raise(now);
    worker_.shared.domain.told_of_write(now);
  }
  client_.floors.has_read(node, life, now, under_way().held.on_replica);
  worker_.shared.domain.told_of_read(node, life, now);
}

void session::batch_answered(wire::transaction_status status) {
  auto& flights = under_way().flights;
  if (!flights.empty()) {
    under_way().schema_changed |= flights.front().schema;
    const bool acknowledged = flights.front().writes && status == wire::transaction_status::idle;
    if (acknowledged && client_.reads_after_writes.wrote())
      worker_.shared.monitor.expect_read(client_.floors.written.event);
    flights.pop();
  }
  if (flights.empty()) work_->vacant = nullptr;
  if (status != wire::transaction_status::idle) {
    if (under_way().held.rolled_back) client_.transaction.level.partly_undone();
    if (status == wire::transaction_status::in_transaction) {
      // Whatever failed has been rolled back to a savepoint. Or it was COMMIT AND CHAIN.
      under_way().held.batch_failed = false;
      if (std::exchange(under_way().held.committed, false)) client_.transaction.level.transaction_over(false);
    }
    return;
  }
  client_.transaction.level.transaction_over(under_way().held.rolled_back || under_way().held.batch_failed);
  // Not before its transaction has been committed: until then the old catalogue is what there is to read.
  tell_of_schema_change();
}

void session::tell_of_schema_change() {
  if (under_way().flights.empty())
    under_way().touched = {}, under_way().logins = {};  // else of what is still under way
  if (!std::exchange(under_way().schema_changed, false)) return;
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
  go_on();
}

// DEALLOCATE ALL and DISCARD ALL end the names that stand, and not those of what is sent behind them.
void session::names_dropped() {
  if (client_.prepared) client_.prepared->clear_named();
  server().statements().drop_parsed();
}

void session::state_discarded() {
  if (!keeps_one_server()) under_way().unpin();
  server().discarded();
}

}  // namespace highwater::proxy
