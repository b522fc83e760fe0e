#include <utility>

#include "proxy/client/message_writer.hpp"
#include "proxy/client/session.hpp"
#include "proxy/client/statement_needs.hpp"
#include "proxy/client/streamed.hpp"

namespace highwater::proxy {

// Copy data on its way to the server. True if there may be more to do.
bool session::pass_copy() {
  const auto next = next_of_copy(input_left(), worker_.shared.settings.limits.max_message_bytes);
  const auto size = next.message.available.size();
  auto& held = under_way().held;
  switch (next.what) {
    case copy_move::wait:
      return false;
    case copy_move::violation:
      protocol_error("invalid message length during COPY");
      return false;
    case copy_move::leave:
      end();
      return false;
    case copy_move::unexpected:
      fail_copy();
      return true;
    case copy_move::pass:
      connection().send(next.message.available);
      pass_rest_of(next.message);
      break;
    case copy_move::end:
      connection().send(next.message.available);
      held.copy_in = held.flushed = false;  // the answer to this is yet to be asked for
      break;
    case copy_move::sync:
      connection().send(next.message.available);
      server().sync_within_copy();
      break;
    case copy_move::drop:
      break;
  }
  consume(size);
  return true;
}

void session::fail_copy() {
  std::string out;
  wire::writer(out, wire::frontend::copy_fail).c_string("unexpected message during COPY from stdin");
  connection().send(out);
  under_way().held.copy_in = false;
}

// What is there of it is on its way.
void session::pass_rest_of(const wire::frame& message) {
  work_->pass_left = message.size - message.available.size();
  work_->pass_drop = false;
}

// Behind the message that is being passed on.
void session::ask_for_late_syncs() {
  if (!under_way().held.syncs_in_doubt || work_->pass_left > 0) return;
  under_way().held.syncs_in_doubt = false;
  std::string out;
  wire::write_empty(out, wire::frontend::sync);
  wire::write_target(out, wire::frontend::close, 'P', own_statement_prefix);
  wire::write_empty(out, wire::frontend::sync);
  connection().send(out);
  connection().read_on();
}

// Nobody can tell what it is: it goes to the primary.
bool session::begin_stream() {
  auto& now = *work_;
  // Behind what no Sync has ended there is nothing to wait for; see admit().
  if (leased() && busy() && (!server().is_open() || under_way().held.copy_in)) return false;
  now.facts = {};
  now.facts.kind = sql::statement_kind::write;
  under_way().streaming = true;
  now.scanner.next();
  if (leased()) {
    note_write();
    return true;
  }
  start_plan();
  return stage_ == stage::ready;
}

void session::note_bound(const wire::frame& bind) {
  const auto* prepared = client_.find_named(wire::read_bind_names(bind.body())->statement);
  under_way().note_effects_of(prepared, client_, writes().verdict_on);
}

// False if something has to be prepared first, once all that was sent before has been answered.
bool session::meet_needs_of(const wire::frame& message) {
  auto& now = *work_;
  now.needs.clear();
  if (!client_.prepared) return true;
  worker_.parsed_names.clear();
  statement_needs(writes(), now.needs).of_message(message);
  if (!now.needs.needed()) return true;
  if (!server().owes()) {
    prepare_needs(routing::route_reason::write);
  } else {
    ask_for_answers();
  }
  return false;
}

// In the middle of an exchange the server keeps them until somebody does.
void session::ask_for_answers() {
  if (!server().is_open() || std::exchange(under_way().held.flushed, true)) return;
  std::string out;
  wire::write_empty(out, wire::frontend::flush);
  connection().send(out);
  connection().read_on();
}

// A batch that is too long to be held: its messages are sent as they come, to the primary.
bool session::stream_messages() {
  const auto next = next_of_stream(input_left(), worker_.shared.settings.limits.max_message_bytes);
  switch (next.what) {
    case stream_move::wait:
      return false;
    case stream_move::violation:
      protocol_error(next.why);
      return false;
    case stream_move::leave:
      end();
      return false;
    case stream_move::send:
      break;
  }
  if (const auto why = keeps_too_much(next.message)) {
    fatal(*why);
    return false;
  }
  if (!meet_needs_of(next.message)) return false;
  send_streamed(next);
  return true;
}

// Would what it prepares be more than a session may have?
std::optional<wire::error> session::keeps_too_much(const wire::frame& message) const {
  if (message.type != wire::frontend::parse) return std::nullopt;
  const auto parse = *wire::read_parse(message.body());
  const auto cost = prepared_names::cost(parse.name, parse.query.size() + parse.parameter_types.size());
  return too_much_prepared(parse.name.empty() ? 0 : cost, stands());
}

void session::send_streamed(const streamed& next) {
  const auto& message = next.message;
  auto& out = worker_.out_scratch;
  out.clear();
  std::string told;
  const auto about = writes();
  message_writer writer(about, out, told);
  writer.write_deferred_begin();
  if (next.may_leave_anything()) server().soil();
  if (message.type == wire::frontend::bind) note_bound(message);
  writer.write(message);
  if (!told.empty()) write_client(told);
  connection().send_and_read(out);
  answer_due_locals();
  pass_rest_of(message);
  consume(message.available.size());
  if (!next.ends()) return;
  under_way().streaming = false;
  flight one;
  one.writes = true;
  under_way().take_off(one);
}

}  // namespace highwater::proxy
