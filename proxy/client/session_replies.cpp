#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using wire::reply_kind;

namespace {

// A replica's first replies are held back this long at most, in bytes, to see whether it refuses.
constexpr std::size_t look_ahead_limit = 32 * 1024;

// The server would go on refusing what it has cached for this connection.
bool spoils_connection(const wire::error_fields& fields) {
  constexpr std::string_view invalid_statement_name = "26000";
  return fields.code == invalid_statement_name ||
         (fields.code == wire::sqlstate::feature_not_supported && fields.message.starts_with("cached plan"));
}

}  // namespace

// What the reader finds in a server's bytes, put into what the client gets.
struct session::reply_handler {
  session& self;
  std::string_view run{};  // forwarded in place, if it is all there is
  std::string gathered{};

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
    if (what.kind == reply_kind::parse && what.statement != 0) self.lease_->forget(what.statement);
    if (what.tracked && self.names_) self.names_->revoke();
  }
  void command_complete(std::string_view tag) {
    self.rolled_back_ = tag == "ROLLBACK";
    if (self.rolled_back_) self.work_->changes.undone();
  }
  bool parameter_status(const wire::parameter_status_message& message) {
    self.lease_->note_parameter(message.name, message.value);
    return message.name != "in_hot_standby";
  }
  void failed(const wire::error_fields& fields, bool) {
    self.batch_failed_ = true;
    if (spoils_connection(fields)) self.lease_->soiled = true;
    const auto& flights = self.work_->flights;
    if (!flights.empty() && flights.front().hidden_sync) self.skip_to_sync_ = true;
  }
  void copy_in() {
    self.copy_in_ = true;
    auto& flights = self.work_->flights;
    if (self.lease_->queue.front().kind != reply_kind::execute) return;
    // The server drops the Sync that it has, and waits for another one, whichever way the copy ends.
    self.unsynced_ = true;
    if (!flights.empty()) flights.front().no_ready = true;
  }
  void copy_ended() { self.copy_in_ = false; }
  bool ready(wire::transaction_status status, bool hidden) {
    self.lease_->status = status;
    const auto& flights = self.work_->flights;
    if (!hidden) self.names_over();
    if (!hidden || (!flights.empty() && flights.front().hidden_sync)) self.batch_answered(status);
    return true;
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
  auto& flights = work_->flights;
  if (!flights.empty() && flights.front().retryable) {
    auto refusal = wire::replica_refusal::none;
    switch (look_ahead(bytes, refusal)) {
      case first_reply::undecided:
        return 0;
      case first_reply::refused:
        return refused(bytes, refusal);
      case first_reply::commit:
        flights.front().retryable = false;
        break;
    }
  }
  // Before the first byte is on its way: whoever is told of it can tell others.
  note_told(std::chrono::steady_clock::now());
  auto& connection = *lease_;
  reply_handler handler{*this};
  const auto read = connection.reader.read(bytes, connection.queue, handler);
  handler.flush();
  if (read.what == wire::reply_reader::outcome::violation) {
    worker_.probe.protocol_errors.add();
    spdlog::error("node {} sent something that does not belong into the protocol here: connection closed",
                  worker_.shared.settings.cluster.nodes[connection.node()].name);
    drop_lease();
    lost_flights({std::string(wire::sqlstate::protocol_violation), "the server sent an invalid message", "", ""});
  } else if (!busy()) {
    exchange_over();
  }
  if (stage_ == stage::ready) process();
  settle();
  return read.what == wire::reply_reader::outcome::violation ? bytes.size() : read.consumed;
}

// Decides, before anything of an answer is forwarded, whether it is one that the client shall see.
session::first_reply session::look_ahead(std::string_view bytes, wire::replica_refusal& refusal) const {
  using namespace wire::backend;
  std::size_t at = 0;
  wire::frame message;
  while (wire::peek_frame(bytes.substr(at), wire::reply_reader::max_length, message) == wire::frame_status::ok) {
    const char type = message.type;
    const bool preliminary = type == parse_complete || type == bind_complete || type == close_complete ||
                             type == parameter_description || type == row_description || type == no_data ||
                             type == parameter_status || type == notice_response;
    if (type == error_response && message.complete()) {
      const auto fields = wire::read_error(message.body());
      refusal = fields ? wire::refusal_of(*fields) : wire::replica_refusal::none;
      return refusal == wire::replica_refusal::none ? first_reply::commit : first_reply::refused;
    }
    if (!preliminary && type != error_response) return first_reply::commit;
    if (!message.complete()) break;
    at += message.available.size();
  }
  return bytes.size() < look_ahead_limit ? first_reply::undecided : first_reply::commit;
}

// A replica will not run it. The rest of the answer is the connection's own affair.
std::size_t session::refused(std::string_view bytes, wire::replica_refusal how) {
  auto& now = *work_;
  auto& connection = *lease_;
  const bool read_only = how == wire::replica_refusal::read_only;
  now.excluded = connection.node();
  now.taken_for_read = read_only && now.flights.size() == 1;
  const auto used = connection.skip(bytes);
  release();
  retry(read_only ? metrics::retry_cause::read_only : metrics::retry_cause::recovery_conflict);
  return used;
}

// Rule 15: nothing has been forwarded, so the reads may run once more, elsewhere. The input still holds them.
void session::retry(metrics::retry_cause cause) {
  auto& now = *work_;
  worker_.probe.retried(cause);
  while (names_ && names_->has_pending()) names_->revoke();
  now.begin = now.flights.front().begin;
  now.flights.clear();
  now.scanner.next();
  now.retrying = true;
  batch_failed_ = false;
  stage_ = stage::ready;
  process();
  settle();
}

void session::note_told(routing::instant now) {
  const auto node = lease_->node();
  const auto life = lease_->proved;
  // Which of the batches under way these bytes answer is not known yet; those that they do not will be told of again.
  const auto& flights = work_->flights;
  if (std::any_of(flights.begin(), flights.end(), [](const flight& one) { return one.writes; })) {
    floors_.written.raise(now);
    worker_.shared.domain.told_of_write(now);
  }
  floors_.has_read(node, life, now);
  worker_.shared.domain.told_of_read(node, life, now);
}

void session::batch_answered(wire::transaction_status status) {
  auto& flights = work_->flights;
  if (!flights.empty()) {
    if (flights.front().schema) worker_.shared.catalogs.out_of_date(kind_->database.name);
    flights.pop_front();
  }
  if (status == wire::transaction_status::idle) restore_level(rolled_back_ || batch_failed_);
}

// All that was sent has been answered.
void session::exchange_over() {
  if (lease_ == nullptr || lease_->status != wire::transaction_status::idle) {
    batch_failed_ = discards_all_ = false;  // DISCARD ALL does nothing in a transaction
    return;
  }
  const bool failed = std::exchange(batch_failed_, false);
  auto& changes = work_->changes;
  const auto outcome = changes.over(failed || rolled_back_, *lease_->current_settings());
  if (outcome == settings_exchange::outcome::reset) reset_settings();
  if (std::exchange(discards_all_, false) && !failed) {
    pinned_ = false;
    lease_->soiled = false;
  }
  if (outcome == settings_exchange::outcome::inquire) return inquire();
  keep_or_release();
}

// RESET ALL and DISCARD ALL lead back to what the client logged in with.
void session::reset_settings() {
  lease_->assume(no_settings());
  adopt_settings(startup_settings_);
  asked_level_ = startup_level_;
}

// What the settings are after an exchange that changed some only the server knows.
void session::inquire() {
  stage_ = stage::inquiring;
  std::string request;
  wire::write_query(request, work_->changes.inquiry());
  lease_->queue.push({reply_kind::query, true, false, 0});
  lease_->send(request);
  lease_->read_on();
}

std::size_t session::take_inquiry(std::string_view bytes) {
  // The answer is short: it is taken as a whole, once its end is there.
  std::size_t at = 0;
  std::string_view row;
  wire::frame message;
  while (wire::peek_frame(bytes.substr(at), wire::reply_reader::max_held, message) == wire::frame_status::ok &&
         message.complete()) {
    at += message.available.size();
    if (message.type == wire::backend::data_row) row = message.body();
    if (message.type == wire::backend::error_response) row = {};
    if (message.type == wire::backend::notification_response) on_notification(message.available);
    if (message.type != wire::backend::ready_for_query) continue;
    inquired(row);
    process();
    settle();
    return at;
  }
  return 0;
}

// `row` is empty if the server did not say.
void session::inquired(std::string_view row) {
  lease_->queue.clear();
  stage_ = stage::ready;
  auto now = work_->changes.answered(row, *settings_, *lease_->current_settings(), *startup_settings_);
  work_->changes.clear();
  if (now) {
    lease_->assume(worker_.interner.intern(std::move(now->on_server)));
    adopt_settings(worker_.interner.intern(std::move(now->own)));
  } else {
    lease_->soiled = true;
  }
  keep_or_release();
}

// The exchange is over. A session that keeps its connection wants its settings there at once.
void session::keep_or_release() {
  if (!pinned_) return release();
  if (lease_->apply(settings_)) stage_ = stage::awaiting_settings;
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

void session::on_server_lost(const wire::error& why) {
  const auto alive = shared_from_this();
  const auto node = lease_->node();
  const bool in_transaction = lease_->status != wire::transaction_status::idle || pinned_ || copy_in_ || unsynced_ ||
                              in_read_only_ || work_->streaming;
  const bool in_message = lease_->reader.in_message();
  lease_ = nullptr;
  --worker_.loads[node].outstanding;
  worker_.node_suspect(node);
  auto& now = *work_;
  const bool on_the_way = now.awaiting_proof || stage_ == stage::awaiting_settings || stage_ == stage::login;
  if (on_the_way && !pinned_) {
    if (std::exchange(now.awaiting_proof, false)) stop_waiting(false);
    return replan();
  }
  if (std::any_of(now.flights.begin(), now.flights.end(), [](const flight& one) { return one.writes; })) {
    // Rule 7: it may have been committed.
    const auto moment = std::chrono::steady_clock::now();
    floors_.written.raise(moment);
    worker_.shared.domain.told_of_write(moment);
  }
  if (in_message) return end();
  auto told = why;
  told.message = "lost the connection to node " + worker_.shared.settings.cluster.nodes[node].name + ": " + why.message;
  if (in_transaction || stage_ == stage::inquiring) {
    told.detail = "The transaction was not finished; if it was being committed, its outcome is unknown.";
    return fatal(told);
  }
  if (!now.flights.empty() && now.flights.front().retryable) return retry(metrics::retry_cause::connection_lost);
  told.detail = "If the statement was a write, its outcome is unknown.";
  lost_flights(told);
  if (stage_ == stage::ready) process();
  settle();
}

// Each batch that was under way gets the error for an answer.
void session::lost_flights(const wire::error& why) {
  std::string out;
  for (const auto& one : work_->flights) {
    wire::write_error(out, wire::severity::error, why);
    if (one.hidden_sync || one.no_ready) {
      skip_to_sync_ = true;
    } else {
      wire::write_ready_for_query(out, wire::transaction_status::idle);
    }
  }
  work_->flights.clear();
  work_->changes.clear();
  ending_ = {};
  discards_all_ = false;
  while (names_ && names_->has_pending()) names_->revoke();
  batch_failed_ = unsynced_ = copy_in_ = false;
  write_client(out);
}

void session::node_died(routing::node_index node) {
  if (stage_ != stage::ready || lease_ == nullptr || lease_->node() != node) return;
  if (work_->flights.empty() || !work_->flights.front().retryable) return;
  const auto alive = shared_from_this();
  drop_lease();
  retry(metrics::retry_cause::connection_lost);
}

// A DEALLOCATE or DISCARD has been answered.
void session::names_over() {
  const auto ending = std::exchange(ending_, {});
  if (batch_failed_) return;
  if (ending.all) {
    if (names_) names_->clear();
    lease_->forget_all();
  } else if (ending.one) {
    lease_->forget(ending.one->id);
    names_->remove(ending.name);
    names_->confirm();
  }
}

void session::restore_level(bool rolled_back) {
  if (!level_before_) return;
  if (rolled_back || level_is_local_) asked_level_ = *level_before_;
  level_before_.reset();
  level_is_local_ = false;
}

}  // namespace highwater::proxy
