// The extended protocol's part of an exchange.

#include <algorithm>
#include <utility>

#include "proxy/console/complaints.hpp"
#include "proxy/console/exchange.hpp"
#include "proxy/console/own_answers.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::console {

namespace {

void write_columns(std::string& out, const std::optional<command>& what, const result_formats& formats = {}) {
  const auto columns = what ? columns_of(*what) : std::span<const column>();
  if (columns.empty()) return wire::write_empty(out, wire::backend::no_data);
  write_row_description(out, columns, formats);
}

}  // namespace

exchange::step exchange::take_extended(const wire::frame& message, std::string& out) {
  namespace frontend = wire::frontend;
  switch (message.type) {
    case frontend::parse:
      return take_parse(message.body(), out), step::more;
    case frontend::bind:
      return take_bind(message.body(), out), step::more;
    case frontend::describe:
      return take_describe(message.body(), out), step::more;
    case frontend::close:
      return take_close(message.body(), out), step::more;
    default:
      return take_execute(message.body(), out);
  }
}

void exchange::take_parse(std::string_view body, std::string& out) {
  const auto message = wire::read_parse(body);
  answer(message ? names_.parse(*message) : invalid_message("Parse"), wire::backend::parse_complete, out);
}

void exchange::take_bind(std::string_view body, std::string& out) {
  const auto message = wire::read_bind(body);
  answer(message ? names_.bind(*message) : invalid_message("Bind"), wire::backend::bind_complete, out);
}

void exchange::take_describe(std::string_view body, std::string& out) {
  const auto target = wire::read_target(body);
  if (!target) return fail(invalid_message("Describe"), out);
  if (target->kind == 'P') {
    const auto* const found = names_.find_portal(target->name);
    return found == nullptr ? fail(no_portal(target->name), out) : write_columns(out, found->what, found->formats);
  }
  const auto* const found = names_.find_statement(target->name);
  if (found == nullptr) return fail(no_statement(target->name), out);
  wire::writer(out, wire::backend::parameter_description).u16(0);
  write_columns(out, *found);
}

void exchange::take_close(std::string_view body, std::string& out) {
  const auto target = wire::read_target(body);
  if (!target) return fail(invalid_message("Close"), out);
  names_.close(*target);
  wire::write_empty(out, wire::backend::close_complete);
}

exchange::step exchange::take_execute(std::string_view body, std::string& out) {
  const auto message = wire::read_execute(body);
  if (!message) return fail(invalid_message("Execute"), out), step::more;
  auto* const found = names_.find_portal(message->portal);
  if (found == nullptr) return fail(no_portal(message->portal), out), step::more;
  if (!found->what) return wire::write_empty(out, wire::backend::empty_query_response), step::more;
  max_rows_ = message->max_rows;
  if (found->ran && found->shown.columns.empty()) return fail(ran_already(message->portal), out), step::more;
  if (found->ran) return tell_rows(*found, out), step::more;
  now_ = *found->what;
  portal_ = message->portal;
  part_ = part::of_portal;
  return run_now(out);
}

void exchange::tell_portal(outcome how, std::string& out) {
  if (const auto* const why = std::get_if<wire::error>(&how)) return fail(*why, out);
  auto& found = *names_.find_portal(portal_);
  found.ran = true;
  auto* const shown = std::get_if<table>(&how);
  if (shown == nullptr) return wire::write_command_complete(out, now_.tag);
  found.shown = std::move(*shown);
  tell_rows(found, out);
}

// As in PostgreSQL, whoever gets as many rows as asked for is not told whether there are more.
void exchange::tell_rows(portal& from, std::string& out) const {
  const auto left = from.shown.rows.size() - from.told;
  const bool limited = max_rows_ != 0;
  const auto count = limited ? std::min<std::size_t>(left, max_rows_) : left;
  for (std::size_t i = 0; i < count; ++i) {
    write_data_row(out, from.shown.columns, from.shown.rows[from.told++], from.formats);
  }
  if (limited && count == max_rows_) return wire::write_empty(out, wire::backend::portal_suspended);
  wire::write_command_complete(out, from.what->tag);
}

void exchange::answer(const std::optional<wire::error>& why, char complete, std::string& out) {
  if (why) return fail(*why, out);
  wire::write_empty(out, complete);
}

void exchange::fail(const wire::error& why, std::string& out) {
  wire::write_error(out, wire::severity::error, why);
  skip_to_sync_ = true;
}

}  // namespace highwater::console
