#include "proxy/client/internal_answers.hpp"

#include <utility>

#include "config/enum_names.hpp"

namespace highwater::proxy {

namespace {

using verb = sql::internal_command::verb;

wire::error unknown_parameter(const std::string& name) {
  return {std::string(wire::sqlstate::undefined_object),
          "unrecognized configuration parameter \"highwater." + name + "\"", "",
          "Highwater knows highwater.level and, to show only, highwater.last_route."};
}

wire::error unknown_level(const std::string& value) {
  return {std::string(wire::sqlstate::invalid_parameter_value),
          "invalid value for parameter \"highwater.level\": \"" + value + "\"", "",
          "Available values: " + all_names<config::level>() + "."};
}

}  // namespace

internal_answers::internal_answers(const sql::internal_command& what, internal_asker by)
    : what_(what), by_(std::move(by)), shows_(what.action == verb::show), column_("highwater." + what.name) {}

void internal_answers::take(char type, std::string_view body) {
  if (failed_ && type != wire::frontend::sync) return;
  switch (type) {
    case wire::frontend::query:
      if (run()) {
        if (shows_) wire::write_text_row_description(out, column_);
        complete();
      }
      return;
    case wire::frontend::parse:
      parsed_.push_back(*wire::read_parse(body));
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

// Once, however often it is executed in the batch.
bool internal_answers::run() {
  if (!std::exchange(ran_, true)) failed_ = !obey();
  if (failed_) wire::write_error(out, wire::severity::error, why_);
  return !failed_;
}

void internal_answers::complete() {
  if (shows_) wire::write_text_row(out, row_);
  wire::write_command_complete(out, tag_);
}

void internal_answers::describe() {
  if (shows_) {
    wire::write_text_row_description(out, column_);
  } else {
    wire::write_empty(out, wire::backend::no_data);
  }
}

bool internal_answers::refuse(wire::error why) {
  why_ = std::move(why);
  return false;
}

bool internal_answers::obey() {
  if (shows_) return show();
  if (what_.name != "level") return refuse(unknown_parameter(what_.name));
  tag_ = what_.action == verb::set ? "SET" : "RESET";
  if (what_.action == verb::reset || what_.value.empty()) return set(std::nullopt);
  const auto wanted = named<config::level>(what_.value);
  return wanted ? set(*wanted) : refuse(unknown_level(what_.value));
}

bool internal_answers::show() {
  tag_ = "SHOW";
  if (what_.name == "level") {
    row_ = config::to_string(by_.level.get().value_or(by_.default_level));
  } else if (what_.name == "last_route") {
    row_ = by_.last_route;
  } else {
    return refuse(unknown_parameter(what_.name));
  }
  return true;
}

// Without one: back to what the session had at its login.
bool internal_answers::set(std::optional<config::level> wanted) {
  if (wanted == config::level::bounded && !by_.has_bound) {
    return refuse({std::string(wire::sqlstate::invalid_parameter_value), "level bounded has no bound here", "",
                   "Set consistency.max_staleness or consistency.max_lag_bytes in Highwater's configuration."});
  }
  const auto then = wanted.value_or(by_.level.at_login().value_or(by_.default_level));
  if (auto late = asked_too_late(then, by_.where)) return refuse(std::move(*late));
  if (wanted) {
    by_.level.set(*wanted, by_.in_transaction, what_.local);
  } else {
    by_.level.reset(by_.in_transaction, what_.local);
  }
  return true;
}

}  // namespace highwater::proxy
