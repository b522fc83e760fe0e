#include "routing/sql/misplaced_setting.hpp"

#include <algorithm>

#include "routing/sql/internal_text.hpp"
#include "routing/sql/sql_chars.hpp"

namespace highwater::sql {
namespace {

std::string_view constant_string(const json::value& value) {
  const auto node = as_node(value);
  if (node.type == "TypeCast") {
    const auto* const inner = node.fields->if_contains("arg");
    return inner ? constant_string(*inner) : std::string_view{};
  }
  const auto* const held = node.type == "A_Const" ? struct_of(*node.fields, "sval") : nullptr;
  return held ? text_of(*held, "sval") : std::string_view{};
}

bool calls_for_it(const json::object& call) {
  const auto function = name_in(list_of(call, "funcname")).name;
  if (function != "set_config" && function != "current_setting") return false;
  const auto& arguments = list_of(call, "args");
  return !arguments.empty() && starts_folded(constant_string(arguments.front()), internal_prefix);
}

bool sets_it(const json::object& set) {
  const auto kind = text_of(set, "kind");
  return (kind == "VAR_SET_VALUE" || kind == "VAR_SET_CURRENT") && starts_folded(text_of(set, "name"), internal_prefix);
}

bool names_it(std::string_view key, const json::value& value) {
  if (const auto* const items = value.if_array()) {
    return std::ranges::any_of(*items, [](const auto& item) { return names_it({}, item); });
  }
  const auto* const fields = value.if_object();
  if (!fields) return false;
  if (key == "FuncCall" && calls_for_it(*fields)) return true;
  if ((key == "setstmt" || key == "VariableSetStmt") && sets_it(*fields)) return true;
  return names_internal_setting(*fields);
}

}  // namespace

bool names_internal_setting(const json::object& statement) {
  return std::ranges::any_of(statement, [](const auto& field) { return names_it(field.key(), field.value()); });
}

}  // namespace highwater::sql
