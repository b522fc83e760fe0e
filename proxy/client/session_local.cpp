#include <cctype>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::statement_kind;

namespace {

// What is kept of a transaction that has not begun on any server: statements, not the comments that come with them.
constexpr std::size_t longest_deferred = 4U << 10U;
// The first one of the text, in lower case; 0 if it begins with something else.
char first_letter(std::string_view sql) {
  const auto first = sql.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return 0;
  return static_cast<char>(std::tolower(static_cast<unsigned char>(sql[first])));
}

// "BEGIN" and "START TRANSACTION" are answered with their own tags. None if the text does not begin with either.
std::string_view begin_tag(std::string_view sql) {
  const auto letter = first_letter(sql);
  return letter == 'b' ? "BEGIN" : letter == 's' ? "START TRANSACTION" : "";
}

// COMMIT and END, ROLLBACK and ABORT.
std::string_view end_tag(std::string_view sql) {
  const auto letter = first_letter(sql);
  return letter == 'c' || letter == 'e' ? "COMMIT" : letter == 'r' || letter == 'a' ? "ROLLBACK" : "";
}

}  // namespace

// True if the batch needed no server.
bool session::answer_locally() {
  auto& now = *work_;
  const auto& facts = now.facts;
  if (facts.kind == statement_kind::internal && !facts.statements.empty()) {
    answer_internal();
    return true;
  }
  if (lease_ != nullptr) return false;
  const bool only_sync = facts.statements.empty() && !facts.executes && now.scanner.messages().size() == 1;
  if (only_sync && (facts.end == wire::batch_end::sync || facts.end == wire::batch_end::flush)) {
    std::string out;
    if (facts.end == wire::batch_end::sync) wire::write_ready_for_query(out, client_status());
    consume(now.scanner.size());
    write_client(out);
    return true;
  }
  if (facts.end != wire::batch_end::query || facts.statements.size() != 1) return false;
  if (begin_failed_) return end_failed_begin();
  return deferred_begin_.empty() ? defer_begin() : end_empty_begin() || amend_begin();
}

// As a Query does, also one that no server gets to see.
void session::end_unnamed() {
  if (names_) names_->forget_unnamed();
}

// BEGIN is answered here and sent with the transaction's first statement: by then it is known whether the transaction
// only reads, and no server connection is held until there is something to do.
bool session::defer_begin() {
  const auto& what = *work_->facts.first();
  const bool begins = what.kind == statement_kind::begin || what.kind == statement_kind::begin_read_only;
  if (!begins || what.statement_count != 1 || what.serializable || draining_) return false;
  const auto sql =
      *wire::read_single_string(input_left().substr(wire::header_size, work_->scanner.size() - wire::header_size));
  const auto tag = begin_tag(sql);
  if (tag.empty() || sql.size() > longest_deferred) return false;
  const bool by_default = find(*settings_, "default_transaction_read_only").value_or("off") == "on";
  deferred_read_only_ = what.read_only.value_or(by_default);
  deferred_read_write_ = what.read_only == false;
  deferred_hint_ = work_->facts.statements.front().hint;
  deferred_begin_ = sql;
  std::string out;
  wire::write_command_complete(out, tag);
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  end_unnamed();
  write_client(out);
  return true;
}

// SET TRANSACTION before the transaction's first statement still decides where it runs.
bool session::amend_begin() {
  const auto& what = *work_->facts.first();
  if (what.kind != statement_kind::set_transaction || what.statement_count != 1 || what.serializable) return false;
  const auto sql =
      *wire::read_single_string(input_left().substr(wire::header_size, work_->scanner.size() - wire::header_size));
  if (deferred_begin_.size() + sql.size() > longest_deferred) return false;
  // A replica would refuse a BEGIN that says READ WRITE, whatever follows.
  if (!deferred_read_write_) deferred_read_only_ = what.read_only.value_or(deferred_read_only_);
  deferred_read_write_ |= what.read_only == false;
  deferred_begin_ += "\n;";  // behind a comment that ends with its line
  deferred_begin_ += sql;
  std::string out;
  wire::write_command_complete(out, "SET");
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  end_unnamed();
  write_client(out);
  return true;
}

// A transaction in which nothing was done.
bool session::end_empty_begin() {
  const auto& what = *work_->facts.first();
  if (what.kind != statement_kind::commit || what.statement_count != 1) return false;
  const auto tag = end_tag(
      *wire::read_single_string(input_left().substr(wire::header_size, work_->scanner.size() - wire::header_size)));
  if (tag.empty()) return false;
  end_begin(tag);
  return true;
}

// Nothing of the transaction has reached a server, so none is needed to end it. What else a client may say in a failed
// transaction, a server answers: see send_deferred_begin().
bool session::end_failed_begin() {
  const auto& what = *work_->facts.first();
  if (what.kind != statement_kind::commit || what.statement_count != 1) return false;
  end_begin("ROLLBACK");
  return true;
}

void session::end_begin(std::string_view tag) {
  forget_deferred_begin();
  begin_failed_ = false;
  level_.transaction_over(tag == "ROLLBACK");
  std::string out;
  wire::write_command_complete(out, tag);
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  end_unnamed();
  write_client(out);
}

void session::forget_deferred_begin() {
  deferred_begin_.clear();
  deferred_hint_.reset();
  deferred_read_write_ = false;
}

// An error in place of the batch that is at the beginning of the input.
void session::answer_error(const wire::error& why) {
  if (stage_ == stage::login) return fatal(why);
  stage_ = stage::ready;
  std::string message;
  wire::write_error(message, wire::severity::error, why);
  // What stands before it in the same exchange would be committed by the Sync that is yet to come.
  if (lease_ != nullptr && lease_->is_open() && !lease_->skips()) return fail_exchange(message);
  fail_transaction();
  answer_failure(message);
}

// An ErrorResponse in place of the batch, that the server knows of, if it is concerned.
void session::answer_failure(std::string_view message) {
  auto& now = *work_;
  begin_failed_ = !deferred_begin_.empty();
  std::string out(message);
  if (std::exchange(now.streaming, false)) return drop_streamed(std::move(out));
  const bool skips = lease_ != nullptr && lease_->skips();
  if (skips && now.facts.end == wire::batch_end::sync) {
    write_client(out);
    now.facts = {};
    return send_sync();
  }
  if (skips) {
    // The server waits for the Sync that is yet to come.
  } else if (now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut) {
    skip_to_sync_ = true;
  } else {
    wire::write_ready_for_query(out, client_status());
  }
  consume(now.scanner.size());
  write_client(out);
}

// What there is of a batch that is sent as it comes is a message, complete or not, and what follows is yet to come.
void session::drop_streamed(std::string out) {
  auto& now = *work_;
  wire::frame message;
  wire::peek_frame(input_left(), worker_.shared.settings.limits.max_message_bytes, message);
  if (message.type == wire::frontend::query || message.type == wire::frontend::function_call) {
    now.pass_left = message.size - message.available.size();
    now.pass_drop = true;
    consume(message.available.size());
    wire::write_ready_for_query(out, client_status());
  } else {
    skip_to_sync_ = lease_ == nullptr || !lease_->skips();
  }
  write_client(out);
}

// In the middle of an exchange the error has its turn behind the answers that are due, and the server skips what
// follows: it is given something to fail with.
void session::fail_exchange(std::string_view message) {
  work_->own_failure = message;
  auto& out = worker_.out_scratch;
  out.clear();
  wire::write_parse(out, "", "an error of Highwater's", no_parameters);
  lease_->expect({wire::reply_kind::parse, true, 0, own_failure_id, true});
  const bool ends = work_->facts.end == wire::batch_end::sync && !work_->streaming;
  work_->streaming = false;
  work_->facts = {};
  if (!ends) wire::write_empty(out, wire::frontend::flush);
  lease_->send(out);
  if (ends) return send_sync();
  lease_->read_on();
  consume(work_->scanner.size());
}

// The server does not know of the error that is being answered: it gets one of its own.
void session::fail_transaction() {
  if (lease_ == nullptr || lease_->status != wire::transaction_status::in_transaction) return;
  std::string out;
  wire::write_query(out, failing_statement);
  lease_->expect({wire::reply_kind::query, true, 0, 0});
  lease_->status = wire::transaction_status::failed;
  lease_->send(out);
  lease_->read_on();
}

// A cancel request that named this session.
void session::cancel(std::function<void()> over) {
  const auto alive = shared_from_this();
  const bool vacating = stage_ == stage::vacating;
  const bool waits = stage_ == stage::awaiting_view || stage_ == stage::awaiting_lease;
  if (vacating || waits || (stage_ == stage::awaiting_settings && on_the_way())) {
    if (!vacating && (lease_ != nullptr || stage_ == stage::awaiting_lease)) leave_node();
    work_->vacant = nullptr;
    stop_waiting(false);
    answer_error({std::string(wire::sqlstate::query_canceled), "canceling statement due to user request", "", ""});
    process();
    settle();
    return over();
  }
  if (stage_ != stage::ready || lease_ == nullptr || lease_->queue.empty()) return over();
  worker_.probe.cancels.add();
  // If it hit the BEGIN that the client takes for done, what follows would be a transaction of its own.
  if (held_.begin_unanswered) {
    held_.cancel_wanted = true;
    work_->cancel_over.push_back(std::move(over));
  } else {
    lease_->cancel(std::move(over));
  }
}

}  // namespace highwater::proxy
