#include "routing/sql/settings_row.hpp"

namespace highwater::sql {
namespace {

// The one node in the list, if it is of that type.
const json::object* only(const json::array& list, std::string_view type) {
  if (list.size() != 1) return nullptr;
  const auto node = as_node(list.front());
  return node.type == type ? node.fields : nullptr;
}

bool is_constant(const json::value& value) {
  return as_node(value).type == "A_Const";
}

// set_config(name, '…', false)
bool sets_the_row(const json::object& column) {
  const auto call = node_of(column, "val");
  if (call.type != "FuncCall" || name_in(list_of(*call.fields, "funcname")).name != "set_config") return false;
  const auto& arguments = list_of(*call.fields, "args");
  return arguments.size() == 3 && names_the_row(arguments[0]) && is_constant(arguments[1]) && is_constant(arguments[2]);
}

bool is_settings_view(const json::object& table) {
  const auto schema = text_of(table, "schemaname");
  return text_of(table, "relname") == "pg_settings" && (schema.empty() || schema == "pg_catalog") &&
         struct_of(table, "alias") == nullptr;
}

// name = '…'
std::optional<std::string_view> row_in(const tree_node& condition) {
  if (condition.type != "A_Expr" || text_of(*condition.fields, "kind") != "AEXPR_OP") return std::nullopt;
  const auto& fields = *condition.fields;
  const auto operation = name_in(list_of(fields, "name"));
  const auto* const left = fields.if_contains("lexpr");
  const auto right = node_of(fields, "rexpr");
  if (operation.name != "=" || left == nullptr || !names_the_row(*left) || right.type != "A_Const") return std::nullopt;
  const auto* const text = struct_of(*right.fields, "sval");
  return text ? std::optional(text_of(*text, "sval")) : std::nullopt;
}

}  // namespace

bool names_the_row(const json::value& value) {
  const auto column = as_node(value);
  if (column.type != "ColumnRef") return false;
  const auto& parts = list_of(*column.fields, "fields");
  return parts.size() == 1 && string_value(parts.front()) == "name";
}

std::optional<std::string_view> setting_of_the_row(const json::object& select) {
  const bool plain = text_of(select, "op") == "SETOP_NONE" && !select.contains("withClause");
  const auto* const column = only(list_of(select, "targetList"), "ResTarget");
  const auto* const table = only(list_of(select, "fromClause"), "RangeVar");
  if (!plain || !column || !table || !sets_the_row(*column) || !is_settings_view(*table)) return std::nullopt;
  return row_in(node_of(select, "whereClause"));
}

}  // namespace highwater::sql
