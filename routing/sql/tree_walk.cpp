#include "routing/sql/tree_walk.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace highwater::sql {

// What to do with each type of node. A null rule: harmless itself, look at its fields.
struct node_rules {
  using rule = void (tree_walker::*)(const json::object&);
  static const boost::unordered_flat_map<std::string_view, rule> table;
};

const boost::unordered_flat_map<std::string_view, node_rules::rule> node_rules::table = {
    {"SelectStmt", &tree_walker::with_scope},
    {"InsertStmt", &tree_walker::with_scope},
    {"UpdateStmt", &tree_walker::with_scope},
    {"DeleteStmt", &tree_walker::with_scope},
    {"MergeStmt", &tree_walker::with_scope},
    {"RangeVar", &tree_walker::range_variable},
    {"ColumnRef", &tree_walker::column_reference},
    {"A_Indirection", &tree_walker::indirection},
    {"SubLink", &tree_walker::sub_link},
    {"JoinExpr", &tree_walker::join},
    {"RangeTableSample", &tree_walker::table_sample},
    {"FuncCall", &tree_walker::function_call},
    {"A_Expr", &tree_walker::operation},
    {"CaseExpr", &tree_walker::case_expression},
    {"SortBy", &tree_walker::sort_by},
    {"TypeName", &tree_walker::type_name},
    {"TypeCast", nullptr},
    {"ResTarget", nullptr},
    {"BoolExpr", nullptr},
    {"NullTest", nullptr},
    {"BooleanTest", nullptr},
    {"CaseWhen", nullptr},
    {"CoalesceExpr", nullptr},
    {"MinMaxExpr", nullptr},
    {"A_ArrayExpr", nullptr},
    {"RowExpr", nullptr},
    {"A_Indices", nullptr},
    {"CollateClause", nullptr},
    {"WindowDef", nullptr},
    {"GroupingSet", nullptr},
    {"GroupingFunc", nullptr},
    {"RangeSubselect", nullptr},
    {"RangeFunction", nullptr},
    {"RangeTableFunc", nullptr},
    {"RangeTableFuncCol", nullptr},
    {"ColumnDef", nullptr},
    {"XmlExpr", nullptr},
    {"XmlSerialize", nullptr},
    {"SQLValueFunction", nullptr},
    {"NamedArgExpr", nullptr},
    {"Alias", nullptr},
    {"List", nullptr},
    {"A_Const", nullptr},
    {"A_Star", nullptr},
    {"ParamRef", nullptr},
    {"String", nullptr},
    {"Integer", nullptr},
    {"Float", nullptr},
    {"Boolean", nullptr},
    {"BitString", nullptr},
};

namespace {

// Structs that a node's field holds without naming their type, and that are looked through.
constexpr std::string_view plain_structs[] = {
    "alias", "over", "search_clause", "cycle_clause", "collClause", "join_using_alias",
    "ival",  "fval", "sval",          "bsval",        "boolval",
};

const json::object& fields_of(const json::value& value) {
  static const json::object nothing;
  const auto node = as_node(value);
  return node.fields ? *node.fields : nothing;
}

}  // namespace

void tree_walker::walk(const json::value& value) {
  if (const auto* const items = value.if_array()) {
    for (const auto& item : *items) walk(item);
    return;
  }
  const auto* const object = value.if_object();
  if (!object || object->empty()) return;  // {} stands for a null in a list
  const auto node = as_node(value);
  if (!node.fields) {
    found_.refuse(write_reason::unknown_name, "an expression that is not known");
    return children(*object);
  }
  const auto rule = node_rules::table.find(node.type);
  if (rule == node_rules::table.end()) {
    const bool locks = node.type == "LockingClause";
    found_.refuse(locks ? write_reason::locks_rows : write_reason::unknown_name, node.type);
    return children(*node.fields);
  }
  rule->second ? (this->*rule->second)(*node.fields) : children(*node.fields);
}

void tree_walker::walk_struct(const json::object& fields) {
  with_scope(fields);
}

void tree_walker::children(const json::object& fields) {
  for (const auto& field : fields) {
    if (const auto* const object = field.value().if_object(); object && !as_node(field.value()).fields) {
      embedded({field.key().data(), field.key().size()}, *object);
    } else {
      walk(field.value());
    }
  }
}

void tree_walker::embedded(std::string_view field, const json::object& fields) {
  if (fields.contains("relname")) return target(fields);
  if (field == "typeName") return type_name(fields);
  if (field == "funccall") return function_call(fields);  // of CALL
  if (field == "larg" || field == "rarg") return with_scope(fields);
  if (field == "withClause") return;  // with_scope() has seen it
  if (field == "intoClause")
    found_.refuse(write_reason::modifies_data, "SELECT INTO");
  else if (std::ranges::find(plain_structs, field) == std::end(plain_structs)) {
    found_.refuse(write_reason::unknown_name, field);
  }
  children(fields);
}

// A statement that may begin with WITH: its common tables are known inside it and nowhere else.
void tree_walker::with_scope(const json::object& fields) {
  const auto outside = common_tables_.size();
  if (const auto* const with = struct_of(fields, "withClause")) common_tables(*with);
  children(fields);
  common_tables_.resize(outside);
}

// WITH RECURSIVE: every common table knows all of them. Otherwise each knows those before it.
void tree_walker::common_tables(const json::object& with) {
  const bool recursive = flag_of(with, "recursive");
  const auto& tables = list_of(with, "ctes");
  if (recursive) {
    for (const auto& table : tables) common_tables_.push_back(text_of(fields_of(table), "ctename"));
  }
  for (const auto& table : tables) {
    const auto& fields = fields_of(table);
    const auto query = node_of(fields, "ctequery");
    if (query.type != "SelectStmt") found_.refuse(write_reason::modifies_data, query.type);
    children(fields);
    if (!recursive) common_tables_.push_back(text_of(fields, "ctename"));
  }
}

bool tree_walker::is_common_table(std::string_view name) const {
  return std::ranges::find(common_tables_, name) != common_tables_.end();
}

std::string_view tree_walker::schema_of(qualified_name name) const {
  return name.schema.empty() && bare_ == bare_names::pg_catalog ? std::string_view("pg_catalog") : name.schema;
}

void tree_walker::range_variable(const json::object& fields) {
  const qualified_name name{text_of(fields, "schemaname"), text_of(fields, "relname")};
  if (name.schema.empty() && is_common_table(name.name)) return;
  target(fields);
}

// A relation that is named where no common table can be meant.
void tree_walker::target(const json::object& fields) {
  const qualified_name name{text_of(fields, "schemaname"), text_of(fields, "relname")};
  if (text_of(fields, "relpersistence") == "t") found_.pin_to(pin_reason::temporary_table);
  found_.names.add(name.name);
  add_relation(found_.relations, schema_of(name), name.name);
}

// t.f may be a column of t, or the function f called with a row of t.
void tree_walker::row_function(std::string_view field) {
  found_.names.add(field);
  if (field.empty() || !cat_ || !cat_->function({}, field).takes_row) return;
  found_.refuse(write_reason::volatile_function, field);
  found_.hidden_relations = true;
}

void tree_walker::column_reference(const json::object& fields) {
  const auto& parts = list_of(fields, "fields");
  if (parts.size() > 1) row_function(string_value(parts.back()));
}

void tree_walker::indirection(const json::object& fields) {
  for (const auto& part : list_of(fields, "indirection")) row_function(string_value(part));
  children(fields);
}

void tree_walker::sub_link(const json::object& fields) {
  const auto type = text_of(fields, "subLinkType");
  if (const auto& name = list_of(fields, "operName"); !name.empty())
    judge_operator(name_in(name));
  else if (type == "ANY_SUBLINK")
    judge_operator({{}, "="});
  children(fields);
}

void tree_walker::join(const json::object& fields) {
  if (flag_of(fields, "isNatural") || !list_of(fields, "usingClause").empty()) judge_operator({{}, "="});
  children(fields);
}

// Sampling methods are functions that are declared volatile; the two that come with the server only read.
void tree_walker::table_sample(const json::object& fields) {
  const auto method = name_in(list_of(fields, "method"));
  if (method.name != "system" && method.name != "bernoulli") {
    found_.meet_unknown(printed(method.schema, method.name));
  }
  children(fields);
}

}  // namespace highwater::sql
