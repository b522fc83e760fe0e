#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// One of our names that the server does not know, although it should.
bool misses_ours(const wire::error_fields& fields) {
  constexpr std::string_view invalid_statement_name = "26000";
  return fields.code == invalid_statement_name && fields.message.find("_highwater_") != std::string_view::npos;
}

}  // namespace

// What the reader finds in a server's bytes, put into what the client gets.
struct session::reply_handler {
  session& self;
  std::string_view run{};  // forwarded in place, if it is all there is
  std::string gathered{};
  std::string begin_failed{};  // why the BEGIN failed that the client takes for done
  wire::error last_words{};    // of a server that is about to close the connection

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
    if (what.tracked && self.names_) self.names_->confirm();
  }
  void abandoned(const wire::expected_reply& what) {
    self.lease_->skipped(what);
    if (what.tracked && self.names_) self.names_->revoke();
  }
  void command_complete(std::string_view tag) {
    self.held_.rolled_back = tag == "ROLLBACK";
    self.held_.committed = tag == "COMMIT";
    if (self.held_.rolled_back) self.work_->changes.undone();
  }
  bool parameter_status(const wire::parameter_status_message& message) {
    self.lease_->note_parameter(message.name, message.value);
    return true;
  }
  bool failed(const wire::error_fields& fields, bool hidden) {
    self.held_.batch_failed = true;
    if (wire::ends_connection(fields)) {
      last_words = {std::string(fields.code), std::string(fields.message), "", ""};
      return false;
    }
    if (hidden && self.held_.begin_unanswered) begin_failed = std::string(fields.message);
    const bool stale = wire::is_stale_plan(fields);
    if (stale) self.worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
    if (stale || misses_ours(fields)) self.lease_->soiled = true;
    const auto& flights = self.work_->flights;
    if (!flights.empty() && flights.front().hidden_sync) self.skip_to_sync_ = true;
    return true;
  }
  void copy_in() {
    self.held_.copy_in = true;
    auto& flights = self.work_->flights;
    if (self.lease_->queue.front().kind != reply_kind::execute) return;
    // The server drops the Sync that it has, and waits for another one, whichever way the copy ends.
    self.held_.unsynced = true;
    if (!flights.empty()) flights.front().no_ready = true;
  }
  void copy_ended() { self.held_.copy_in = false; }
  bool ready(wire::transaction_status status, bool hidden) {
    self.lease_->status = status;
    const auto& flights = self.work_->flights;
    if (std::exchange(self.held_.begin_unanswered, false) && hidden) {
      // Anything but "idle", and the server refuses what follows by itself.
      if (!begin_failed.empty() && status == wire::transaction_status::idle) return false;
      begin_failed.clear();
      self.send_wanted_cancel();
      return true;
    }
    if (!hidden) self.names_over();
    // A Sync that had been given up: see copy_in().
    if (self.lease_->queue.empty()) self.held_.unsynced = false;
    if (!hidden || (!flights.empty() && flights.front().hidden_sync)) self.batch_answered(status);
    // A read that may have to run elsewhere is looked at before any of its answer is forwarded.
    return flights.empty() || !flights.front().retryable;
  }
};

void session::answer_in_turn(const wire::expected_reply& what, std::string& out) {
  wire::write_empty(out, what.kind == reply_kind::local_parse_complete ? wire::backend::parse_complete
                                                                       : wire::backend::close_complete);
  if (what.tracked && names_) names_->confirm();
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
      if (first.what == verdict::refused) return used + refused(bytes.substr(used), first.why);
      work_->flights.front().retryable = false;
    }
    const auto read = take_replies(bytes.substr(used));
    used += read.consumed;
    // What the client sent next may have been given another connection by now.
    if (lease_ != connection || stage_ == stage::ended) return bytes.size();
    if (read.what != wire::reply_reader::outcome::stopped) break;
  }
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
  const auto read = connection.reader.read(bytes, connection.queue, handler);
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
    give_up_connection({std::string(wire::sqlstate::protocol_violation), "it sent an invalid message", "", ""});
  } else if (!handler.last_words.code.empty()) {
    give_up_connection(handler.last_words);
  }
  return read;
}

void session::send_wanted_cancel() {
  if (std::exchange(held_.cancel_wanted, false)) worker_.send_cancel(*lease_);
}

void session::note_told(routing::instant now) {
  const auto node = lease_->node();
  const auto life = lease_->proved;
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = work_->flights;
  if (work_->streaming || std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    floors_.written.raise(now);
    worker_.shared.domain.told_of_write(now);
  }
  floors_.has_read(node, life, now);
  worker_.shared.domain.told_of_read(node, life, now);
}

void session::batch_answered(wire::transaction_status status) {
  auto& flights = work_->flights;
  if (!flights.empty()) {
    schema_changed_ |= flights.front().schema;
    flights.pop_front();
  }
  if (status != wire::transaction_status::idle) {
    if (held_.rolled_back) level_.partly_undone();
    if (status == wire::transaction_status::in_transaction) {
      // Whatever failed has been rolled back to a savepoint. Or it was COMMIT AND CHAIN.
      held_.batch_failed = false;
      if (std::exchange(held_.committed, false)) level_.transaction_over(false);
    }
    return;
  }
  level_.transaction_over(held_.rolled_back || held_.batch_failed);
  // Not before its transaction has been committed: until then the old catalogue is what there is to read.
  tell_of_schema_change();
}

void session::tell_of_schema_change() {
  if (!std::exchange(schema_changed_, false)) return;
  worker_.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  worker_.shared.catalogs.out_of_date(kind_->database.name);
}

// One that came between the answers to what was asked for the session's sake.
void session::on_notification(std::string_view message) {
  write_client(message);
}

void session::on_server_drained() {
  const auto alive = shared_from_this();
  if (stage_ == stage::ready) process();
  settle();
}

// A DEALLOCATE or DISCARD has been answered.
void session::names_over() {
  const auto ending = std::exchange(held_.ending, {});
  if (held_.batch_failed) {
    // An error behind it does not bring back what it ended.
    if (ending.all || ending.one) lease_->soiled = true;
    return;
  }
  if (ending.all) {
    if (names_) names_->clear();
    lease_->forget_all();
  } else if (ending.one) {
    lease_->forget(ending.one->id);
    names_->remove(ending.name);
    names_->confirm();
  }
}

}  // namespace highwater::proxy
