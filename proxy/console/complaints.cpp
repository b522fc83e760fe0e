#include "proxy/console/complaints.hpp"

#include <utility>

#include "proxy/console/sqlstate.hpp"

namespace highwater::console {

namespace {

using std::string;
using std::string_view;

// A character of UTF-8 is not cut in two.
string quoted(string_view text) {
  std::size_t most = 64;
  if (text.size() <= most) return "\"" + string(text) + "\"";
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return "\"" + string(text.substr(0, most)) + "…\"";
}

wire::error refused(string_view code, string message, string detail, string_view hint) {
  return {string(code), std::move(message), std::move(detail), string(hint)};
}

wire::error malformed(string_view code, string message, string_view hint) {
  return because(wire::error_cause::protocol, refused(code, std::move(message), "", hint));
}

string of_name(string_view kind, string_view name) {
  return name.empty() ? "unnamed " + string(kind) : string(kind) + " " + quoted(name);
}

}  // namespace

wire::error unterminated(string_view what) {
  return refused(wire::sqlstate::syntax_error, "unterminated " + string(what), "", see_help);
}

wire::error syntax_error_at(string_view near, string_view usage) {
  const auto where = near.empty() ? string("end of input") : "or near " + quoted(near);
  if (!usage.empty()) {
    return refused(wire::sqlstate::syntax_error, "syntax error at " + where, "The command is " + string(usage) + ".",
                   see_help);
  }
  return refused(wire::sqlstate::syntax_error, "syntax error at " + where, "The console has no such command.",
                 "SHOW HELP lists the commands. For SQL, connect to a database of the servers.");
}

wire::error no_parameter(string_view parameter) {
  return refused(sqlstate::undefined_parameter, "there is no parameter " + string(parameter.substr(0, 16)),
                 "The console's commands have no parameters.", "Write the value into the command's text.");
}

wire::error unknown_parameter(string_view name) {
  return refused(wire::sqlstate::undefined_object, "unrecognized configuration parameter " + quoted(name), "",
                 "SHOW HELP lists what can be shown; SHOW CONFIG shows the options.");
}

wire::error cannot_be_changed(string_view parameter) {
  return refused(sqlstate::cannot_change_parameter, "parameter " + quoted(parameter) + " cannot be changed", "", "");
}

wire::error no_sql(string_view word) {
  return refused(wire::sqlstate::feature_not_supported, "the console runs no SQL",
                 "Of " + string(word) + " it knows no more than SELECT 1 and SELECT version().",
                 "SHOW HELP lists the commands. For SQL, connect to a database of the servers.");
}

wire::error not_supported(string_view what, string_view instead) {
  return refused(wire::sqlstate::feature_not_supported, string(what) + " is not supported", "", instead);
}

wire::error needs_admin(string_view command) {
  return refused(sqlstate::insufficient_privilege, "permission denied for " + string(command),
                 "This user may look, and change nothing.", "Connect as a user who may administer the console.");
}

wire::error several_commands() {
  return refused(wire::sqlstate::syntax_error, "cannot insert multiple commands into a prepared statement", "",
                 "Send them one by one, or with the simple protocol.");
}

wire::error has_parameters() {
  return refused(wire::sqlstate::feature_not_supported, "the console's commands have no parameters", "",
                 "Write the value into the command's text.");
}

wire::error too_many_parameters(std::size_t given, string_view statement) {
  return refused(wire::sqlstate::protocol_violation,
                 "bind message supplies " + std::to_string(given) + " parameters, but prepared statement \"" +
                     string(statement) + "\" requires 0",
                 "", "The console's commands have no parameters: write the value into the command's text.");
}

wire::error unknown_format(unsigned code) {
  return malformed(wire::sqlstate::invalid_parameter_value, "unsupported format code: " + std::to_string(code),
                   "Ask for text (0) or binary (1).");
}

wire::error wrong_format_count(std::size_t given, std::size_t columns) {
  return malformed(wire::sqlstate::protocol_violation,
                   "bind message has " + std::to_string(given) + " result formats but query has " +
                       std::to_string(columns) + " columns",
                   "");
}

wire::error no_statement(string_view name) {
  return refused(wire::sqlstate::invalid_statement_name,
                 name.empty() ? "unnamed prepared statement does not exist"
                              : "prepared statement " + quoted(name) + " does not exist",
                 "", "");
}

wire::error no_portal(string_view name) {
  return refused(sqlstate::invalid_cursor_name, "portal " + quoted(name) + " does not exist", "",
                 "Outside of BEGIN and COMMIT, a Sync ends all portals.");
}

wire::error statement_exists(string_view name) {
  return refused(wire::sqlstate::duplicate_statement, "prepared statement " + quoted(name) + " already exists", "", "");
}

wire::error portal_exists(string_view name) {
  return refused(sqlstate::duplicate_cursor, "portal " + quoted(name) + " already exists", "", "");
}

wire::error too_many_names(string_view what, std::size_t most) {
  return refused(wire::sqlstate::program_limit_exceeded, "too many " + string(what),
                 "A connection to the console has no more than " + std::to_string(most) + ".",
                 "Close those that are not needed.");
}

wire::error name_too_long(std::size_t most) {
  return refused(wire::sqlstate::name_too_long, "the name is too long",
                 "Statements and portals of the console have names of up to " + std::to_string(most) + " bytes.", "");
}

wire::error ran_already(string_view portal) {
  return refused(sqlstate::not_in_prerequisite_state, of_name("portal", portal) + " cannot be run",
                 "Its command has been run.", "Bind it anew.");
}

wire::error no_function_calls() {
  return refused(wire::sqlstate::feature_not_supported, "the console has no functions to call", "", see_help);
}

wire::error invalid_message(string_view which) {
  return malformed(wire::sqlstate::protocol_violation, "invalid message format",
                   string("In a ") + string(which) + " message.");
}

wire::error invalid_length() {
  return malformed(wire::sqlstate::protocol_violation, "invalid message length", "");
}

wire::error too_long(std::uint64_t most) {
  return malformed(wire::sqlstate::program_limit_exceeded,
                   "the message is longer than the console's " + std::to_string(most) + " bytes",
                   "Send commands one by one.");
}

wire::error unknown_message(char type) {
  return malformed(wire::sqlstate::protocol_violation,
                   "invalid frontend message type " + std::to_string(static_cast<unsigned char>(type)), "");
}

}  // namespace highwater::console
