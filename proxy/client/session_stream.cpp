#include <utility>

#include "proxy/client/message_writer.hpp"
#include "proxy/client/session.hpp"
#include "proxy/client/statement_needs.hpp"

namespace highwater::proxy {

namespace {

// May a message of a batch that nobody has examined be taken apart by what sends it on?
bool well_formed(const wire::frame& message) {
  switch (message.type) {
    case wire::frontend::parse:
      return wire::read_parse(message.body()).has_value();
    case wire::frontend::bind:
      return wire::read_bind_names(message.body()).has_value();
    case wire::frontend::describe:
    case wire::frontend::close:
      return wire::read_target(message.body()).has_value();
    case wire::frontend::execute:
      return wire::read_execute(message.body()).has_value();
    case wire::frontend::query:
    case wire::frontend::function_call:
    case wire::frontend::flush:
    case wire::frontend::sync:
    case wire::frontend::terminate:
    case wire::frontend::copy_data:
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      return true;
    default:
      return false;
  }
}

}  // namespace

// Copy data on its way to the server. True if there may be more to do.
bool session::pass_copy() {
  const auto bytes = input_left();
  wire::frame message;
  const auto status = wire::peek_frame(bytes, worker_.shared.settings.limits.max_message_bytes, message);
  if (status == wire::frame_status::need_header) return false;
  if (status == wire::frame_status::bad_length) {
    protocol_error("invalid message length during COPY");
    return false;
  }
  const auto size = message.available.size();
  switch (message.type) {
    case wire::frontend::copy_data:
      connection().send(message.available);
      work_->pass_left = message.size - size;
      work_->pass_drop = false;
      break;
    case wire::frontend::copy_done:
    case wire::frontend::copy_fail:
      if (!message.complete()) return false;
      connection().send(message.available);
      under_way().held.copy_in = false;
      under_way().held.flushed = false;  // the answer to this is yet to be asked for
      break;
    case wire::frontend::sync:
      if (!message.complete()) return false;
      // Ignored in copy-in mode; but the copy may have failed by then.
      connection().send(message.available);
      server().sync_within_copy();
      break;
    case wire::frontend::flush:
      if (!message.complete()) return false;
      break;
    case wire::frontend::terminate:
      end();
      return false;
    default: {
      std::string out;
      wire::writer(out, wire::frontend::copy_fail).c_string("unexpected message during COPY from stdin");
      connection().send(out);
      under_way().held.copy_in = false;
      return true;
    }
  }
  consume(size);
  return true;
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
  if (leased()) return true;
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
  auto& now = *work_;
  const auto bytes = input_left();
  const auto& limits = worker_.shared.settings.limits;
  wire::frame message;
  const auto status = wire::peek_frame(bytes, limits.max_message_bytes, message);
  if (status == wire::frame_status::need_header) return false;
  if (status == wire::frame_status::bad_length) {
    protocol_error("invalid message length");
    return false;
  }
  const bool has_body_to_pass = message.type == wire::frontend::query || message.type == wire::frontend::bind ||
                                message.type == wire::frontend::parse || message.type == wire::frontend::function_call;
  // Names stand at the beginning; a Parse is needed as a whole, to be repeated on other connections.
  constexpr std::size_t names_fit = 1024;
  const bool enough = message.complete() || (has_body_to_pass && message.type != wire::frontend::parse &&
                                             message.available.size() >= names_fit);
  if (!enough) {
    constexpr std::uint64_t longest_kept = 64U << 20;
    if (message.size > longest_kept) protocol_error("message is too long to be kept");
    return false;
  }
  if (!well_formed(message)) {
    protocol_error("malformed message of type '" + std::string(1, message.type) + "'");
    return false;
  }
  if (message.type == wire::frontend::parse) {
    const auto parse = *wire::read_parse(message.body());
    const auto cost = prepared_names::cost(parse.name, parse.query.size() + parse.parameter_types.size());
    if (const auto why = too_much_prepared(parse.name.empty() ? 0 : cost, stands())) {
      fatal(*why);
      return false;
    }
  }
  if (!meet_needs_of(message)) return false;
  auto& out = worker_.out_scratch;
  out.clear();
  const bool ends = message.type == wire::frontend::query || message.type == wire::frontend::function_call ||
                    message.type == wire::frontend::sync;
  std::string told;
  const auto about = writes();
  message_writer writer(about, out, told);
  writer.write_deferred_begin();
  if (message.type == wire::frontend::terminate) {
    end();
    return false;
  }
  // What nobody has looked at may leave anything behind.
  if (message.type == wire::frontend::query || message.type == wire::frontend::parse ||
      message.type == wire::frontend::function_call)
    server().soil();
  if (message.type == wire::frontend::bind) note_bound(message);
  writer.write(message);
  if (!told.empty()) write_client(told);
  connection().send(out);
  connection().read_on();
  answer_due_locals();
  const auto size = message.available.size();
  now.pass_left = message.size - size;
  now.pass_drop = false;
  consume(size);
  if (ends) {
    under_way().streaming = false;
    flight one;
    one.writes = true;
    under_way().take_off(one);
  }
  return true;
}

}  // namespace highwater::proxy
