#include <cctype>
#include <utility>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::statement_kind;

namespace {

using verb = routing::internal_command::verb;

// "BEGIN" and "START TRANSACTION" are answered with their own tags. None if the text does not begin with either.
std::string_view begin_tag(std::string_view sql) {
  const auto first = sql.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  const auto letter = std::tolower(static_cast<unsigned char>(sql[first]));
  return letter == 'b' ? "BEGIN" : letter == 's' ? "START TRANSACTION" : "";
}

wire::error unknown_parameter(const std::string& name) {
  return {std::string(wire::sqlstate::undefined_object),
          "unrecognized configuration parameter \"highwater." + name + "\"", "",
          "Highwater knows highwater.level and, to show only, highwater.last_route."};
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
  return deferred_begin_.empty() ? defer_begin() : amend_begin();
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
  if (tag.empty()) return false;
  const bool by_default = find(*settings_, "default_transaction_read_only").value_or("off") == "on";
  deferred_read_only_ = what.read_only.value_or(by_default);
  deferred_begin_ = sql;
  std::string out;
  wire::write_command_complete(out, tag);
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  unnamed_ = nullptr;
  write_client(out);
  return true;
}

// SET TRANSACTION before the transaction's first statement still decides where it runs.
bool session::amend_begin() {
  const auto& what = *work_->facts.first();
  if (what.kind != statement_kind::set_transaction || what.statement_count != 1 || what.serializable) return false;
  const auto sql =
      *wire::read_single_string(input_left().substr(wire::header_size, work_->scanner.size() - wire::header_size));
  deferred_read_only_ = what.read_only.value_or(deferred_read_only_);
  deferred_begin_ += deferred_begin_.ends_with(';') ? " " : "; ";
  deferred_begin_ += sql;
  std::string out;
  wire::write_command_complete(out, "SET");
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  write_client(out);
  return true;
}

// Nothing of the transaction has reached a server, so none is needed to end it. What else a client may say in a failed
// transaction, a server answers: see send_deferred_begin().
bool session::end_failed_begin() {
  const auto& what = *work_->facts.first();
  if (what.kind != statement_kind::commit || what.statement_count != 1) return false;
  deferred_begin_.clear();
  begin_failed_ = false;
  restore_level(true);
  std::string out;
  wire::write_command_complete(out, "ROLLBACK");
  wire::write_ready_for_query(out, client_status());
  consume(work_->scanner.size());
  unnamed_ = nullptr;
  write_client(out);
  return true;
}

// SHOW, SET and RESET of highwater.*, in either protocol: the answers to the messages of one batch.
class session::internal_answers {
public:
  internal_answers(session& self, const routing::internal_command& what)
      : self_(self), what_(what), shows_(what.what == verb::show), column_("highwater." + what.name) {}

  void take(char type, std::string_view body) {
    if (failed_ && !ends_batch(type)) return;
    switch (type) {
      case wire::frontend::query:
        if (run()) {
          if (shows_) wire::write_text_row_description(out, column_);
          complete();
        }
        return;
      case wire::frontend::parse:
        self_.remember_parsed(*wire::read_parse(body));
        return wire::write_empty(out, wire::backend::parse_complete);
      case wire::frontend::bind:
        return wire::write_empty(out, wire::backend::bind_complete);
      case wire::frontend::describe:
        if (body.starts_with('S')) wire::writer(out, wire::backend::parameter_description).u16(0);
        return describe();
      case wire::frontend::execute:
        if (run()) complete();
        return;
      case wire::frontend::close:
        return wire::write_empty(out, wire::backend::close_complete);
      default:
        return;
    }
  }
  bool failed() const noexcept { return failed_; }
  const wire::error& why() const noexcept { return why_; }

  std::string out;

private:
  static bool ends_batch(char type) { return type == wire::frontend::sync; }

  // Once, however often it is executed in the batch.
  bool run() {
    if (!std::exchange(ran_, true)) failed_ = !self_.run_internal(what_, tag_, row_, why_);
    if (failed_) wire::write_error(out, wire::severity::error, why_);
    return !failed_;
  }
  void complete() {
    if (shows_) wire::write_text_row(out, row_);
    wire::write_command_complete(out, tag_);
  }
  void describe() {
    if (shows_) {
      wire::write_text_row_description(out, column_);
    } else {
      wire::write_empty(out, wire::backend::no_data);
    }
  }

  session& self_;
  const routing::internal_command& what_;
  bool shows_;
  std::string column_;
  std::string tag_;
  std::string row_;
  wire::error why_;
  bool ran_ = false;
  bool failed_ = false;
};

void session::answer_internal() {
  const auto& now = *work_;
  const auto what = now.facts.statements.front();
  const auto batch = input_left();
  internal_answers answers(*this, *what->internal);
  for (const auto& message : now.scanner.messages()) {
    answers.take(message.type, batch.substr(message.offset + wire::header_size, message.size - wire::header_size));
  }
  const bool flushes = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  // The server knows nothing of the error, and would commit what stands before it.
  if (answers.failed() && unsynced_) return fatal(answers.why());
  if (answers.failed() && flushes) skip_to_sync_ = true;
  if (!flushes && !unsynced_) wire::write_ready_for_query(answers.out, client_status());
  write_client(answers.out);
  if (!flushes && unsynced_) return send_sync();
  consume(now.scanner.size());
}

// The batch is at an end that the server has to know of, because its part of it has not been ended by a Sync yet.
void session::send_sync() {
  auto one = new_flight();
  auto& out = worker_.out_scratch;
  out.clear();
  wire::write_empty(out, wire::frontend::sync);
  lease_->queue.push({wire::reply_kind::sync, false, false, 0});
  take_off(one);
  lease_->send(out);
  lease_->read_on();
  consume(one.size);
}

bool session::run_internal(const routing::internal_command& what, std::string& tag, std::string& row,
                           wire::error& why) {
  if (what.what == verb::show) {
    tag = "SHOW";
    if (what.name == "level") {
      row = config::to_string(asked_level_.value_or(worker_.shared.settings.consistency.default_level));
    } else if (what.name == "last_route") {
      row = describe_route();
    } else {
      why = unknown_parameter(what.name);
      return false;
    }
    return true;
  }
  if (what.name != "level") {
    why = unknown_parameter(what.name);
    return false;
  }
  auto wanted = startup_level_;
  if (what.what == verb::set && !what.value.empty()) {
    wanted = config::parse_level(what.value);
    if (!wanted) {
      why = {
          std::string(wire::sqlstate::invalid_parameter_value),
          "invalid value for parameter \"highwater.level\": \"" + what.value + "\"", "",
          "Available values: eventual, bounded, monotonic_reads, read_your_writes, session, causal, strong, primary."};
      return false;
    }
  }
  if (wanted && !has_bound(*wanted)) {
    why = {std::string(wire::sqlstate::invalid_parameter_value), "level bounded has no bound here", "",
           "Set consistency.max_staleness or consistency.max_lag_bytes in Highwater's configuration."};
    return false;
  }
  tag = what.what == verb::set ? "SET" : "RESET";
  const bool in_transaction = client_status() != wire::transaction_status::idle;
  if (what.local && !in_transaction) return true;  // as PostgreSQL: no effect outside a transaction
  if (in_transaction && !level_before_) level_before_ = asked_level_;
  level_is_local_ = in_transaction && what.local;
  asked_level_ = wanted;
  return true;
}

// An error in place of the batch that is at the beginning of the input.
void session::answer_error(const wire::error& why) {
  if (stage_ == stage::login) return fatal(why);
  auto& now = *work_;
  stage_ = stage::ready;
  std::string out;
  wire::write_error(out, wire::severity::error, why);
  if (now.streaming) {
    // The rest of it is yet to come, and would have to be read to be thrown away.
    return fatal(why);
  }
  begin_failed_ = !deferred_begin_.empty();
  if (now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut) {
    skip_to_sync_ = true;
  } else {
    wire::write_ready_for_query(out, client_status());
  }
  consume(now.scanner.size());
  write_client(out);
}

std::string session::describe_route() const {
  const auto& last = last_route_;
  if (last.plan.node == routing::no_node) return "nothing has been routed yet";
  const auto& view = worker_.shared.board.newest();
  const auto& node = worker_.shared.settings.cluster.nodes[last.plan.node];
  std::string text = "node=" + node.name;
  text += " role=" + std::string(routing::to_string(view->nodes[last.plan.node].role));
  text += " level=" + std::string(config::to_string(last.level));
  text += " reason=" + std::string(routing::to_string(last.reason));
  if (last.plan.floor != 0) text += " floor=" + routing::to_string(last.plan.floor);
  if (last.plan.node_at != 0) text += " position=" + routing::to_string(last.plan.node_at);
  if (last.statement && last.statement->reason != routing::write_reason::none) {
    text += " because=" + std::string(routing::to_string(last.statement->reason));
    if (!last.statement->detail.empty()) text += " detail=" + last.statement->detail;
  }
  return text;
}

// A cancel request that named this session.
void session::cancel() {
  const auto alive = shared_from_this();
  if (stage_ == stage::awaiting_view || stage_ == stage::awaiting_lease) {
    if (stage_ == stage::awaiting_lease) worker_.pool_of(*kind_, work_->plan.node).cancel(*this);
    stop_waiting(false);
    if (std::exchange(work_->awaiting_proof, false)) drop_lease();
    worker_.timers.cancel(work_->deadline);
    answer_error({std::string(wire::sqlstate::query_canceled), "canceling statement due to user request", "", ""});
    process();
    return settle();
  }
  if (stage_ != stage::ready || lease_ == nullptr || lease_->queue.empty()) return;
  worker_.probe.cancels.add();
  worker_.send_cancel(*lease_);
}

}  // namespace highwater::proxy
