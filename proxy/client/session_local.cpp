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

// SHOW, SET and RESET of highwater.*, in either protocol.
void session::answer_internal() {
  const auto& now = *work_;
  const auto command = *now.facts.first()->internal;
  const auto batch = input_left();
  std::string out, tag, row;
  const std::string column = "highwater." + command.name;
  wire::error why;
  bool ran = false;
  bool failed = false;
  const auto run = [&] {
    if (!std::exchange(ran, true)) failed = !run_internal(command, tag, row, why);
    if (failed) wire::write_error(out, wire::severity::error, why);
    return !failed;
  };
  const bool shows = command.what == verb::show;
  for (const auto& message : now.scanner.messages()) {
    const auto body = batch.substr(message.offset + wire::header_size, message.size - wire::header_size);
    if (failed && message.type != wire::frontend::sync) continue;
    switch (message.type) {
      case wire::frontend::query:
        if (run()) {
          if (shows) wire::write_text_row_description(out, column);
          if (shows) wire::write_text_row(out, row);
          wire::write_command_complete(out, tag);
        }
        wire::write_ready_for_query(out, client_status());
        break;
      case wire::frontend::parse: {
        const auto parse = *wire::read_parse(body);
        auto made = std::make_shared<prepared_statement>();
        made->query = parse.query;
        made->parameter_types = parse.parameter_types;
        if (parse.name.empty()) {
          unnamed_ = std::move(made);
          unnamed_serial_ = ++worker_.unnamed_serial;
        } else {
          if (!names_) names_ = std::make_unique<prepared_names>();
          names_->add(parse.name, worker_.prepared.intern(parse.query, parse.parameter_types));
          names_->confirm();
        }
        wire::write_empty(out, wire::backend::parse_complete);
        break;
      }
      case wire::frontend::bind:
        wire::write_empty(out, wire::backend::bind_complete);
        break;
      case wire::frontend::describe:
        if (body.starts_with('S')) wire::writer(out, wire::backend::parameter_description).u16(0);
        if (shows) {
          wire::write_text_row_description(out, column);
        } else {
          wire::write_empty(out, wire::backend::no_data);
        }
        break;
      case wire::frontend::execute:
        if (!run()) break;
        if (shows) wire::write_text_row(out, row);
        wire::write_command_complete(out, tag);
        break;
      case wire::frontend::close:
        wire::write_empty(out, wire::backend::close_complete);
        break;
      case wire::frontend::sync:
        wire::write_ready_for_query(out, client_status());
        break;
      default:
        break;
    }
  }
  if (failed && now.facts.end == wire::batch_end::flush) skip_to_sync_ = true;
  consume(now.scanner.size());
  write_client(out);
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
  const bool was_deferred = !std::exchange(deferred_begin_, {}).empty();
  if (was_deferred) return fatal(why);
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
