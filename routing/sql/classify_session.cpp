// Statements about the session: settings, prepared statements, listening, and what pins it to its connection.

#include <algorithm>

#include "routing/sql/internal_text.hpp"
#include "routing/sql/node_settings.hpp"
#include "routing/sql/piece.hpp"
#include "routing/sql/sql_chars.hpp"
#include "routing/sql/words.hpp"

namespace highwater::sql {
namespace {

piece utility(std::string_view detail) {
  piece verdict;
  verdict.reason = write_reason::utility;
  verdict.detail = detail;
  verdict.writes = false;
  return verdict;
}

piece neutral() {
  piece verdict;
  verdict.what = piece::role::neutral;
  verdict.writes = false;
  return verdict;
}

void pin(statement& into, pin_reason why) {
  if (into.pin == pin_reason::none) into.pin = why;
}

void add_setting(statement& into, std::string_view name, bool to_default = false) {
  if (!is_of_the_transaction(name)) touch(into.settings, name, to_default);
}

void reset_all(statement& into) {
  into.resets_all_settings = true;
  touch_all(into.settings);
}

std::string constant_text(const json::value& value) {
  const auto node = as_node(value);
  if (node.type != "A_Const") return {};
  if (const auto* const held = struct_of(*node.fields, "sval")) return std::string(text_of(*held, "sval"));
  if (const auto* const held = struct_of(*node.fields, "fval")) return std::string(text_of(*held, "fval"));
  if (const auto* const held = struct_of(*node.fields, "ival")) return std::to_string(number_of(*held, "ival"));
  return {};
}

std::string joined(const json::array& values) {
  std::string text;
  for (const auto& each : values) text += (text.empty() ? "" : ", ") + constant_text(each);
  return text;
}

piece internal(internal_command command, statement& into) {
  into.internal = std::move(command);
  into.literal_free = false;
  piece verdict;
  verdict.what = piece::role::internal;
  return verdict;
}

piece set_internal(const json::object& fields, std::string_view name, bool to_value, statement& into) {
  internal_command command;
  command.action = to_value ? internal_command::verb::set : internal_command::verb::reset;
  command.local = flag_of(fields, "is_local");
  command.name = name.substr(internal_prefix.size());
  if (to_value) command.value = joined(list_of(fields, "args"));
  return internal(std::move(command), into);
}

// SET SESSION CHARACTERISTICS AS TRANSACTION: each option is the default_ setting of its name.
void session_characteristics(const json::object& fields, statement& into) {
  for (const auto& each : list_of(fields, "args")) {
    const auto option = as_node(each);
    if (option.fields) add_setting(into, "default_" + folded(text_of(*option.fields, "defname")));
  }
}

piece set(const statement_source& from, statement& into) {
  const auto& fields = *from.node.fields;
  const auto kind = text_of(fields, "kind");
  const auto name = folded(text_of(fields, "name"));
  const bool to_value = kind == "VAR_SET_VALUE" || kind == "VAR_SET_CURRENT";
  if (name.starts_with(internal_prefix)) return set_internal(fields, name, to_value, into);
  into.changes_reading |= changes_reading(name, to_value ? joined(list_of(fields, "args")) : std::string());
  if (kind == "VAR_RESET_ALL") {
    reset_all(into);
    return neutral();
  }
  if (kind == "VAR_SET_MULTI")
    session_characteristics(fields, into);
  else if (flag_of(fields, "is_local")) {
    into.local_settings = true;
  } else {
    if (name == "session_authorization" && to_value) pin(into, pin_reason::session_identity);
    add_setting(into, name, !to_value);
  }
  // Some need the primary, to be there for long or to be allowed at all.
  const bool anywhere = into.pin == pin_reason::none && !is_of_the_transaction(name);
  return anywhere ? neutral() : utility("SET");
}

piece show(const statement_source& from, statement& into) {
  const auto name = folded(text_of(*from.node.fields, "name"));
  if (name.starts_with(internal_prefix)) {
    internal_command command;
    command.name = name.substr(internal_prefix.size());
    return internal(std::move(command), into);
  }
  piece verdict;
  verdict.writes = false;
  verdict.what = name == "all" || is_node_setting(name) ? piece::role::other : piece::role::read;
  if (verdict.what == piece::role::other) verdict.reason = write_reason::node_local;
  if (verdict.what == piece::role::other) verdict.detail = name;
  return verdict;
}

piece discard(const statement_source& from, statement& into) {
  if (text_of(*from.node.fields, "target") == "DISCARD_ALL") {
    into.discards_all = into.deallocates_all = true;
    reset_all(into);
  }
  return utility("DISCARD");
}

piece deallocate(const statement_source& from, statement& into) {
  const auto name = text_of(*from.node.fields, "name");
  if (!from.node.fields->contains("name"))
    into.deallocates_all = true;
  else if (!into.deallocates)
    into.deallocates = find_name(from.sql, from.offset, "deallocate", "prepare", name);
  into.literal_free = false;
  return utility("DEALLOCATE");
}

template <pin_reason why>
piece pinning(const statement_source& from, statement& into) {
  pin(into, why);
  return utility(from.node.type);
}

// EXECUTE does not show what it runs.
bool prepares_read(const statement_source& from, statement& into) {
  const auto inner = node_of(*from.node.fields, "query");
  if (inner.type != "SelectStmt") return false;
  statement what;
  const auto verdict = classify_statement({inner, from.sql, from.offset, from.cat}, what);
  into.names.add(what.names);
  return verdict.what == piece::role::read && what.pin == pin_reason::none && what.leaves == residue::nothing &&
         !what.takes_lock;
}

piece prepare(const statement_source& from, statement& into) {
  const auto name = text_of(*from.node.fields, "name");
  into.prepares_read = prepares_read(from, into);
  if (!into.prepares) into.prepares = find_name(from.sql, from.offset, "prepare", {}, name);
  into.literal_free = false;
  return pinning<pin_reason::prepared_statement>(from, into);
}

piece unlisten(const statement_source& from, statement&) {
  return utility(from.node.type);
}

// It stays in the server's process.
piece load(const statement_source& from, statement& into) {
  into.leaves = residue::lasting;
  return pinning<pin_reason::load_library>(from, into);
}

struct session_rule {
  std::string_view type;
  piece (*judge)(const statement_source&, statement&);
};
constexpr session_rule rules[] = {
    {"VariableSetStmt", set},       {"VariableShowStmt", show}, {"DiscardStmt", discard},
    {"DeallocateStmt", deallocate}, {"PrepareStmt", prepare},   {"ListenStmt", pinning<pin_reason::listen>},
    {"UnlistenStmt", unlisten},     {"LoadStmt", load},
};

}  // namespace

std::optional<piece> classify_session_statement(const statement_source& from, statement& into) {
  for (const auto& rule : rules) {
    if (rule.type == from.node.type) return rule.judge(from, into);
  }
  return std::nullopt;
}

}  // namespace highwater::sql
