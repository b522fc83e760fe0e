#include "proxy/console/exchange.hpp"

#include <algorithm>
#include <utility>

#include "proxy/console/complaints.hpp"
#include "proxy/console/own_answers.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::console {

namespace {

// Every type that a client may send after its login.
constexpr std::string_view known_types = "BCDEFHPQSXcdf";

}  // namespace

void exchange::welcome(std::string& out, const wire::backend_key_message& key) const {
  wire::write_authentication_ok(out);
  for (const auto& each : session_settings()) {
    if (each.reported) wire::write_parameter_status(out, each.shown.name, value_of(each, who_));
  }
  wire::write_backend_key(out, key);
  ready(out);
}

exchange::step exchange::take(std::string_view bytes, std::size_t& used, std::string& out) {
  used = 0;
  if (running_) return step::busy;
  auto next = go_on(out);
  while (next == step::more) {
    wire::frame message;
    const auto rest = bytes.substr(used);
    const auto found = wire::peek_frame(rest, longest_message, message);
    if (found == wire::frame_status::bad_length) return refuse_length(rest, out);
    if (found == wire::frame_status::need_header || !message.complete()) return step::more;
    used += message.available.size();
    next = take_message(message, out);
  }
  return next;
}

exchange::step exchange::refuse_length(std::string_view bytes, std::string& out) const {
  const bool short_one = wire::load_u32(bytes.data() + 1) < 4;
  return end_with(short_one ? invalid_length() : too_long(longest_message), out);
}

exchange::step exchange::end_with(const wire::error& why, std::string& out) const {
  wire::write_error(out, wire::severity::fatal, why);
  return step::closed;
}

// A copy that was refused may be under way all the same; as in PostgreSQL, what comes of it means nothing.
exchange::step exchange::take_message(const wire::frame& message, std::string& out) {
  namespace frontend = wire::frontend;
  if (known_types.find(message.type) == std::string_view::npos) return end_with(unknown_message(message.type), out);
  if (message.type == frontend::terminate) return step::closed;
  if (message.type == frontend::sync) return sync(out), step::more;
  if (skip_to_sync_) return step::more;
  switch (message.type) {
    case frontend::query:
      return take_query(message.body(), out);
    case frontend::function_call:
      return fail_query(no_function_calls(), out), step::more;
    case frontend::flush:
    case frontend::copy_data:
    case frontend::copy_done:
    case frontend::copy_fail:
      return step::more;
    default:
      return take_extended(message, out);
  }
}

exchange::step exchange::take_query(std::string_view body, std::string& out) {
  names_.end_unnamed();
  const auto text = wire::read_single_string(body);
  if (!text) return fail_query(invalid_message("Query"), out), step::more;
  auto found = parse(*text);
  if (found.why) return fail_query(*found.why, out), step::more;
  if (found.commands.empty()) wire::write_empty(out, wire::backend::empty_query_response);
  query_ = std::move(found.commands);
  std::ranges::reverse(query_);
  part_ = part::of_query;
  return go_on(out);
}

// Until a command has to be run elsewhere, or the Query has come to its end.
exchange::step exchange::go_on(std::string& out) {
  while (part_ == part::of_query && !query_.empty()) {
    now_ = std::move(query_.back());
    query_.pop_back();
    if (run_now(out) == step::run) return step::run;
  }
  if (std::exchange(part_, part::none) == part::of_query) sync(out);
  return step::more;
}

void exchange::fail_query(const wire::error& why, std::string& out) {
  wire::write_error(out, wire::severity::error, why);
  sync(out);
}

// Portals do not outlive their transaction.
void exchange::sync(std::string& out) {
  skip_to_sync_ = false;
  if (!in_transaction_) names_.end_portals();
  ready(out);
}

void exchange::ready(std::string& out) const {
  wire::write_ready_for_query(
      out, in_transaction_ ? wire::transaction_status::in_transaction : wire::transaction_status::idle);
}

exchange::step exchange::run_now(std::string& out) {
  if (!may_run(who_.may, now_)) return finished(needs_admin(now_.tag), out), step::more;
  if (auto mine = answer_of(now_, who_)) return finished(answer_here(std::move(*mine)), out), step::more;
  running_ = true;
  return step::run;
}

// What a command changes in the connection itself.
outcome exchange::answer_here(outcome how) {
  if (now_.what == verb::begin) in_transaction_ = true;
  if (now_.what == verb::end) in_transaction_ = false;
  if (now_.what == verb::discard) names_.deallocate("");
  if (now_.what == verb::deallocate && !names_.deallocate(now_.subject)) return no_statement(now_.subject);
  return how;
}

void exchange::finished(outcome how, std::string& out) {
  running_ = false;
  if (part_ == part::of_portal) {
    part_ = part::none;
    tell_portal(std::move(how), out);
  } else {
    tell_query(how, out);
  }
}

// What follows a command that has failed is not run.
void exchange::tell_query(const outcome& how, std::string& out) {
  if (const auto* const why = std::get_if<wire::error>(&how)) {
    query_.clear();
    return wire::write_error(out, wire::severity::error, *why);
  }
  if (const auto* const shown = std::get_if<table>(&how)) {
    write_row_description(out, shown->columns);
    for (const auto& each : shown->rows) write_data_row(out, shown->columns, each);
  }
  wire::write_command_complete(out, now_.tag);
}

}  // namespace highwater::console
