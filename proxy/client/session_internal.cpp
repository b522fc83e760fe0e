#include <utility>

#include "proxy/client/message_writer.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

using verb = sql::internal_command::verb;

wire::error unknown_parameter(const std::string& name) {
  return {std::string(wire::sqlstate::undefined_object),
          "unrecognized configuration parameter \"highwater." + name + "\"", "",
          "Highwater knows highwater.level and, to show only, highwater.last_route."};
}

}  // namespace

// SHOW, SET and RESET of highwater.*, in either protocol: the answers to the messages of one batch.
class session::internal_answers {
public:
  internal_answers(session& self, const sql::internal_command& what)
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
  const sql::internal_command& what_;
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
  const auto what = now.facts.statements.front().statement;
  const auto batch = input_left();
  internal_answers answers(*this, *what->internal);
  for (const auto& message : now.scanner.messages()) {
    answers.take(message.type, batch.substr(message.offset + wire::header_size, message.size - wire::header_size));
  }
  const bool open = leased() && server().is_open();
  const bool flushes = now.facts.end == wire::batch_end::flush || now.facts.end == wire::batch_end::cut;
  if (answers.failed() && open) return answer_error(answers.why());
  if (answers.failed()) fail_transaction();
  if (answers.failed()) client_.transaction.fail();
  if (answers.failed() && flushes) client_.skip_to_sync = true;
  if (!flushes && !open) wire::write_ready_for_query(answers.out, client_status());
  write_client(answers.out);
  if (!flushes && open) return send_sync();
  consume(now.scanner.size());
}

// The batch is at an end that the server has to know of, because its part of it has not been ended by a Sync yet.
void session::send_sync() {
  auto one = under_way().flight_of(work_->facts, client_.transaction.deferred(), work_->attempt.retried());
  one.begin = work_->begin;
  one.size = work_->scanner.size();
  auto& out = worker_.out_scratch;
  out.clear();
  std::string sync, told;
  wire::write_empty(sync, wire::frontend::sync);
  const auto about = writes();
  message_writer(about, out, told).write({wire::frontend::sync, sync.size(), sync});
  under_way().take_off(one);
  connection().send_and_read(out);
  consume(one.size);
}

// A statement that no server gets to see.
void session::remember_parsed(const wire::parse_message& parse) {
  client_.names().add(parse.name, {writes().intern(parse.query, parse.parameter_types, false), nullptr});
  client_.names().confirm();
}

bool session::run_internal(const sql::internal_command& what, std::string& tag, std::string& row, wire::error& why) {
  if (what.what == verb::show) {
    tag = "SHOW";
    if (what.name == "level") {
      row = config::to_string(
          client_.transaction.level.get().value_or(worker_.shared.settings.consistency.default_level));
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
  const bool in_transaction = client_status() != wire::transaction_status::idle;
  const auto otherwise = worker_.shared.settings.consistency.default_level;
  const auto too_late = [&](config::level wanted) {
    const auto refused = asked_too_late(wanted, stands());
    if (refused) why = *refused;
    return refused.has_value();
  };
  tag = what.what == verb::set ? "SET" : "RESET";
  if (what.what == verb::reset || what.value.empty()) {
    if (too_late(client_.transaction.level.at_login().value_or(otherwise))) return false;
    client_.transaction.level.reset(in_transaction, what.local);
    return true;
  }
  const auto wanted = named<config::level>(what.value);
  if (!wanted) {
    why = {std::string(wire::sqlstate::invalid_parameter_value),
           "invalid value for parameter \"highwater.level\": \"" + what.value + "\"", "",
           "Available values: " + all_names<config::level>() + "."};
    return false;
  }
  if (!has_bound(*wanted)) {
    why = {std::string(wire::sqlstate::invalid_parameter_value), "level bounded has no bound here", "",
           "Set consistency.max_staleness or consistency.max_lag_bytes in Highwater's configuration."};
    return false;
  }
  if (too_late(*wanted)) return false;
  client_.transaction.level.set(*wanted, in_transaction, what.local);
  return true;
}

std::string session::describe_route() const {
  const auto& last = last_route_;
  if (last.node == routing::no_node) return "nothing has been routed yet";
  const auto& view = worker_.shared.board.newest();
  const auto& node = worker_.shared.settings.cluster.nodes[last.node];
  std::string text = "node=" + node.name;
  text += " role=" + std::string(routing::to_string(view->nodes[last.node].role));
  text += " level=" + std::string(config::to_string(last.level));
  text += " reason=" + std::string(routing::to_string(last.reason));
  if (last.floor != 0) text += " floor=" + routing::to_string(last.floor);
  if (last.node_at != 0) text += " position=" + routing::to_string(last.node_at);
  if (last.statement && last.statement->reason != sql::write_reason::none) {
    text += " because=" + std::string(sql::to_string(last.statement->reason));
    if (!last.statement->detail.empty()) text += " detail=" + last.statement->detail;
  }
  return text;
}

}  // namespace highwater::proxy
