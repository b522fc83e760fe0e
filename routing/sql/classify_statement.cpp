// Queries, statements that modify data, and all that is left: utility statements.

#include <algorithm>

#include "routing/sql/ddl_logins.hpp"
#include "routing/sql/ddl_names.hpp"
#include "routing/sql/piece.hpp"
#include "routing/sql/settings_row.hpp"
#include "routing/sql/tree_walk.hpp"
#include "routing/sql/words.hpp"

namespace highwater::sql {
namespace {

piece verdict_on(findings&& found, statement& into) {
  for (const auto& each : found.relations) add_relation(into.relations, each.schema, each.name);
  for (const auto& name : found.settings) touch(into.settings, name, false);
  into.local_settings |= found.local_settings;
  into.hidden_relations |= found.hidden_relations;
  into.literal_free &= found.literal_free;
  into.reads_sequences |= found.reads_sequences;
  into.releases_locks |= found.releases_locks;
  into.takes_lock |= found.takes_lock;
  into.changes_reading |= found.changes_reading;
  into.names.add(found.names);
  into.leaves = std::max(into.leaves, found.leaves);
  if (into.pin == pin_reason::none) into.pin = found.pin;
  piece verdict;
  verdict.what = found.reason != write_reason::none ? piece::role::other
                 : found.sets_locally               ? piece::role::neutral
                                                    : piece::role::read;
  // A function of the user's may be declared to be what it is not.
  verdict.writes = found.reason != write_reason::none || found.hidden_relations;
  verdict.reason = found.reason;
  verdict.detail = std::move(found.detail);
  return verdict;
}

piece look_through(tree_walker& walker, const statement_source& from, findings& found, statement& into) {
  walker.walk_struct(*from.node.fields);
  resolve_relations(found, from.cat);
  return verdict_on(std::move(found), into);
}

piece look_through(const statement_source& from, findings found, statement& into) {
  tree_walker walker(from.cat, found, bare_names::anything);
  return look_through(walker, from, found, into);
}

piece look_through(const statement_source& from, write_reason reason, std::string_view detail, statement& into) {
  findings found;
  found.refuse(reason, detail);
  return look_through(from, std::move(found), into);
}

bool mentions(const json::value& value, std::string_view text) {
  if (const auto* const string = value.if_string()) return std::string_view(string->data(), string->size()) == text;
  if (const auto* const items = value.if_array()) {
    return std::ranges::any_of(*items, [&](const auto& item) { return mentions(item, text); });
  }
  const auto* const fields = value.if_object();
  return fields && std::ranges::any_of(*fields, [&](const auto& field) { return mentions(field.value(), text); });
}

bool mentions(const json::object& fields, std::string_view text) {
  return std::ranges::any_of(fields, [&](const auto& field) { return mentions(field.value(), text); });
}

// What is temporary, nobody else can mean, and its own session is pinned.
void change_schema(std::string_view type, const json::object& fields, statement& into) {
  if (makes_temporary(fields)) return;
  into.changes_schema = true;
  into.touches.add(touched_by(type, fields));
}

// SELECT INTO makes a table. In a set operation INTO stands in the leftmost query.
void note_into(const json::object& select, statement& into) {
  if (const auto* const made = struct_of(select, "intoClause")) {
    into.creates_objects = true;
    if (mentions(*made, "pg_temp") && into.pin == pin_reason::none) into.pin = pin_reason::temporary_table;
    change_schema("SelectStmt", *made, into);
  } else if (const auto* const left = struct_of(select, "larg")) {
    note_into(*left, into);
  }
}

piece query(const statement_source& from, statement& into) {
  const auto& fields = *from.node.fields;
  note_into(fields, into);
  findings found;
  tree_walker walker(from.cat, found, bare_names::anything);
  if (const auto setting = setting_of_the_row(fields)) walker.reads_row_of(*setting);
  return look_through(walker, from, found, into);
}

// Its rule calls set_config().
bool is_settings_view(const json::object& table) {
  const auto schema = text_of(table, "schemaname");
  return text_of(table, "relname") == "pg_settings" && (schema.empty() || schema == "pg_catalog");
}

piece modification(const statement_source& from, statement& into) {
  const auto* const target = struct_of(*from.node.fields, "relation");
  if (target && is_settings_view(*target) && into.pin == pin_reason::none) into.pin = pin_reason::dynamic_setting;
  return look_through(from, write_reason::modifies_data, from.node.type, into);
}

piece copy(const statement_source& from, statement& into) {
  const auto& fields = *from.node.fields;
  if (flag_of(fields, "is_from")) return look_through(from, write_reason::modifies_data, "COPY FROM", into);
  if (fields.contains("filename")) return look_through(from, write_reason::node_local, "COPY TO file", into);
  if (const auto inner = node_of(fields, "query"); inner.fields) {
    return inner.type == "SelectStmt"
               ? query({inner, from.sql, from.offset, from.cat}, into)
               : look_through({inner, from.sql, from.offset, from.cat}, write_reason::modifies_data, inner.type, into);
  }
  findings found;
  if (const auto* const table = struct_of(fields, "relation")) {
    add_relation(found.relations, text_of(*table, "schemaname"), text_of(*table, "relname"));
  } else {
    found.refuse(write_reason::utility, "COPY");
  }
  resolve_relations(found, from.cat);
  return verdict_on(std::move(found), into);
}

piece execute(const statement_source& from, statement& into) {
  const auto name = text_of(*from.node.fields, "name");
  if (!into.executes) into.executes = find_name(from.sql, from.offset, "execute", {}, name);
  into.literal_free = false;
  into.hidden_relations = true;
  return look_through(from, write_reason::utility, "EXECUTE", into);
}

bool changes_schema(std::string_view type) {
  constexpr std::string_view others[] = {"RenameStmt",        "IndexStmt",     "ViewStmt",
                                         "RuleStmt",          "DefineStmt",    "ImportForeignSchemaStmt",
                                         "CompositeTypeStmt", "AlterTableStmt"};
  return type.starts_with("Create") || type.starts_with("Alter") || type.starts_with("Drop") ||
         std::ranges::find(others, type) != std::end(others);
}

piece utility(const statement_source& from, statement& into) {
  const auto& fields = *from.node.fields;
  into.logins.add(login_change_by(from.node.type, fields));
  if (changes_schema(from.node.type)) {
    change_schema(from.node.type, fields, into);
    const bool makes = !from.node.type.starts_with("Drop");
    into.creates_objects |= makes && !from.node.type.starts_with("Alter");
    if (makes && mentions(fields, "pg_temp") && into.pin == pin_reason::none) into.pin = pin_reason::temporary_table;
  }
  if (from.node.type == "DoStmt" || from.node.type == "CallStmt") into.hidden_relations = into.changes_schema = true;
  if (from.node.type == "DoStmt") into.touches.add(touched_by_code(fields));
  // A DO's code is a literal, and CREATE DATABASE's template may be one.
  if (from.node.type == "DoStmt" || from.node.type == "CreatedbStmt") into.literal_free = false;
  // Settings may be changed, and other things left behind, that nobody sees.
  if (from.node.type == "DoStmt") into.leaves = std::max(into.leaves, residue::discardable);
  if (from.node.type == "CreateTableAsStmt" && node_of(fields, "query").type == "ExecuteStmt") {
    execute({node_of(fields, "query"), from.sql, from.offset, from.cat}, into);
  }
  return look_through(from, write_reason::utility, from.node.type, into);
}

// EXPLAIN runs nothing, and EXPLAIN ANALYZE what it explains: either is what its query is.
piece explain(const statement_source& from, statement& into) {
  const auto inner = node_of(*from.node.fields, "query");
  if (!inner.fields) return utility(from, into);
  return classify_statement({inner, from.sql, from.offset, from.cat}, into);
}

constexpr int cursor_option_hold = 0x0020;  // CURSOR_OPT_HOLD in src/include/nodes/parsenodes.h

piece declare_cursor(const statement_source& from, statement& into) {
  const bool holds = (number_of(*from.node.fields, "options") & cursor_option_hold) != 0;
  if (holds && into.pin == pin_reason::none) into.pin = pin_reason::hold_cursor;
  const auto inner = node_of(*from.node.fields, "query");
  if (holds || inner.type != "SelectStmt") return utility(from, into);
  auto verdict = look_through({inner, from.sql, from.offset, from.cat}, findings{}, into);
  if (verdict.what == piece::role::read) verdict.what = piece::role::neutral;
  return verdict;
}

// What they run has been looked at where the cursor was declared.
piece fetch(const statement_source&, statement&) {
  piece verdict;
  verdict.what = piece::role::neutral;
  verdict.writes = false;
  return verdict;
}

struct statement_rule {
  std::string_view type;
  piece (*judge)(const statement_source&, statement&);
};
constexpr statement_rule rules[] = {
    {"SelectStmt", query},        {"InsertStmt", modification},
    {"UpdateStmt", modification}, {"DeleteStmt", modification},
    {"MergeStmt", modification},  {"TruncateStmt", modification},
    {"CopyStmt", copy},           {"ExplainStmt", explain},
    {"ExecuteStmt", execute},     {"DeclareCursorStmt", declare_cursor},
    {"FetchStmt", fetch},         {"ClosePortalStmt", fetch},
};

}  // namespace

piece classify_statement(const statement_source& from, statement& into) {
  if (!from.node.fields) {
    piece unknown;
    unknown.reason = write_reason::utility;
    return unknown;
  }
  if (auto verdict = classify_transaction_statement(from)) return std::move(*verdict);
  if (auto verdict = classify_session_statement(from, into)) return std::move(*verdict);
  for (const auto& rule : rules) {
    if (rule.type == from.node.type) return rule.judge(from, into);
  }
  return utility(from, into);
}

}  // namespace highwater::sql
