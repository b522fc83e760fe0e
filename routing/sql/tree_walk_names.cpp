// The half of tree_walker that judges names of functions, operators and types.

#include <algorithm>

#include "routing/sql/known_functions.hpp"
#include "routing/sql/node_settings.hpp"
#include "routing/sql/settings_row.hpp"
#include "routing/sql/sql_chars.hpp"
#include "routing/sql/tree_walk.hpp"

namespace highwater::sql {
namespace {

// The constant in an A_Const node, or one that is cast, as the server prints it; null if it is anything else.
const json::object* constant_in(const json::value& value) {
  const auto node = as_node(value);
  if (node.type == "TypeCast") {
    const auto* const inner = node.fields->if_contains("arg");
    return inner ? constant_in(*inner) : nullptr;
  }
  return node.type == "A_Const" ? node.fields : nullptr;
}

std::optional<std::string_view> constant_text(const json::value& value) {
  const auto* const constant = constant_in(value);
  const auto* const held = constant ? struct_of(*constant, "sval") : nullptr;
  if (!held) return std::nullopt;
  return text_of(*held, "sval");
}

std::optional<bool> constant_bool(const json::value& value) {
  const auto* const constant = constant_in(value);
  const auto* const held = constant ? struct_of(*constant, "boolval") : nullptr;
  if (!held) return std::nullopt;
  return flag_of(*held, "boolval");
}

}  // namespace

void tree_walker::function_call(const json::object& fields) {
  const auto name = name_in(list_of(fields, "funcname"));
  judge_call(name, fields);
  for (const auto& field : fields) {
    if (field.key() != "funcname") {
      if (field.key() == "over" && field.value().is_object())
        children(field.value().get_object());
      else
        walk(field.value());
    }
  }
}

// ... by its arguments, where they decide.
void tree_walker::judge_call(qualified_name name, const json::object& fields) {
  found_.names.add(name.name);
  switch (trait_of_function(name.name)) {
    case function_trait::set_config:
      return set_config(fields);
    case function_trait::setting:
      current_setting(fields);
      break;
    case function_trait::temporary_slot:
      makes_slot(fields);
      break;
    default:
      break;
  }
  judge_function(name);
}

void tree_walker::judge_function(qualified_name name) {
  switch (trait_of_function(name.name)) {
    case function_trait::advisory_lock:
      found_.pin_to(pin_reason::advisory_lock);
      return found_.refuse(write_reason::session_function, name.name);
    case function_trait::advisory_unlock:
      found_.releases_locks = true;
      return found_.refuse(write_reason::session_function, name.name);
    case function_trait::sequence:
      found_.reads_sequences = true;
      [[fallthrough]];
    case function_trait::set_config:
    case function_trait::session:
      return found_.refuse(write_reason::session_function, name.name);
    case function_trait::transaction_lock:
      found_.takes_lock = true;
      return found_.refuse(write_reason::session_function, name.name);
    case function_trait::lasting:
      leave_lasting();
      return found_.refuse(write_reason::session_function, name.name);
    case function_trait::node_local:
    case function_trait::temporary_slot:
      return found_.refuse(write_reason::node_local, name.name);
    case function_trait::runs_text:
      found_.leave(residue::discardable);
      [[fallthrough]];
    case function_trait::runs_sql:
      found_.hidden_relations = true;
      return found_.refuse(write_reason::volatile_function, name.name);
    default:
      return judge_volatility(name);
  }
}

void tree_walker::judge_volatility(qualified_name name) {
  const auto facts = cat_ ? cat_->function(schema_of(name), name.name) : function_facts{};
  const bool known = facts.worst != volatility::unknown;
  found_.hidden_relations |= !known || facts.added != volatility::unknown;
  if (!known) return found_.meet_unknown(printed(name.schema, name.name));
  found_.takes_lock |= facts.takes_lock;
  if (facts.leaves != residue::nothing) {
    found_.leave_state(facts.leaves);
    return found_.refuse(write_reason::session_function, printed(name.schema, name.name));
  }
  if (facts.worst != volatility::volatile_) return;
  const auto trait = trait_of_function(name.name);
  if (trait == function_trait::harmless_extension) return;
  if (trait == function_trait::harmless && facts.added != volatility::volatile_) return;
  found_.refuse(write_reason::volatile_function, printed(name.schema, name.name));
}

// set_config(name, value, is_local). What is set for the transaction only needs no remembering, and the value need not
// be known: what has become of the setting is asked afterwards.
void tree_walker::set_config(const json::object& fields) {
  found_.literal_free = false;
  const auto& arguments = list_of(fields, "args");
  const auto name = arguments.empty() ? std::nullopt : setting_named_by(arguments[0]);
  const auto is_local = arguments.size() == 3 ? constant_bool(arguments[2]) : std::nullopt;
  const bool ends_with_transaction = is_local.value_or(false);
  const auto value = arguments.size() > 1 ? constant_text(arguments[1]) : std::nullopt;
  found_.changes_reading |= !name || changes_reading(folded(*name), value.value_or(""));
  found_.local_settings |= is_local.value_or(true);
  if (ends_with_transaction && name && !is_of_the_transaction(folded(*name))) {
    found_.sets_locally = true;
    return;
  }
  found_.refuse(write_reason::session_function, "set_config");
  if (ends_with_transaction) return;
  if (!is_local || !name) return found_.pin_to(pin_reason::dynamic_setting);
  found_.settings.push_back(folded(*name));
}

std::optional<std::string_view> tree_walker::setting_named_by(const json::value& argument) const {
  return row_ && names_the_row(argument) ? row_ : constant_text(argument);
}

// A session's settings follow it to every node, and row security leans on that heavily. The name of one that does not
// is part of the key of a shape, so the verdict holds for all texts of the shape.
void tree_walker::current_setting(const json::object& fields) {
  const auto& arguments = list_of(fields, "args");
  const auto name = arguments.empty() ? std::nullopt : constant_text(arguments[0]);
  if (name && !is_node_setting(*name)) return;
  found_.refuse(write_reason::node_local, name ? *name : "current_setting");
}

// A slot is temporary if its third argument, or one that is given by its name, says so.
void tree_walker::makes_slot(const json::object& fields) {
  const auto& arguments = list_of(fields, "args");
  const bool named =
      std::ranges::any_of(arguments, [](const auto& one) { return as_node(one).type == "NamedArgExpr"; });
  if (named || arguments.size() > 2) leave_lasting();
}

void tree_walker::leave_lasting() {
  found_.leave(residue::lasting);
  found_.pin_to(pin_reason::stateful_function);
}

void tree_walker::operation(const json::object& fields) {
  const auto kind = text_of(fields, "kind");
  if (kind.find("BETWEEN") != std::string_view::npos) {
    for (const std::string_view name : {"<", "<=", ">", ">="}) judge_operator({{}, name});
  } else {
    judge_operator(name_in(list_of(fields, "name")));
  }
  children(fields);
}

void tree_walker::judge_operator(qualified_name name) {
  const auto facts = cat_ ? cat_->operation(schema_of(name), name.name) : operation_facts{};
  found_.names.add(name.name);
  found_.leave_state(facts.leaves);
  if (facts.worst == volatility::unknown) found_.meet_unknown(std::string(name.name));
  if (facts.leaves != residue::nothing) found_.refuse(write_reason::session_function, name.name);
  if (facts.worst == volatility::volatile_) found_.refuse(write_reason::volatile_function, name.name);
}

void tree_walker::case_expression(const json::object& fields) {
  if (fields.contains("arg")) judge_operator({{}, "="});
  children(fields);
}

void tree_walker::sort_by(const json::object& fields) {
  if (const auto& name = list_of(fields, "useOp"); !name.empty()) judge_operator(name_in(name));
  children(fields);
}

// Every table has a type of its name.
bool tree_walker::is_row_type(qualified_name name) const {
  return cat_ && cat_->visit_relations(schema_of(name), name.name, [](const relation_facts&) {}) != 0;
}

void tree_walker::type_name(const json::object& fields) {
  const auto name = name_in(list_of(fields, "names"));
  const auto facts = cat_ ? cat_->cast(schema_of(name), name.name) : operation_facts{};
  found_.names.add(name.name);
  found_.leave_state(facts.leaves);
  if (facts.worst == volatility::unknown && !is_row_type(name)) {
    found_.meet_unknown(printed(name.schema, name.name));
  }
  if (facts.worst == volatility::volatile_)
    found_.refuse(write_reason::volatile_function, printed(name.schema, name.name));
  walk(list_of(fields, "typmods"));
}

}  // namespace highwater::sql
