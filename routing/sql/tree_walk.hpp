#pragma once

// Walks a parse tree and finds what it calls and reads. An allow-list: a node that is not known to be harmless, or a
// name that the catalogue does not vouch for, refuses the whole tree.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/sql/catalog.hpp"
#include "routing/sql/findings.hpp"
#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {

// What a name without a schema means.
enum class bare_names : std::uint8_t {
  anything,    // a client's text: whatever the search_path says, so any schema
  pg_catalog,  // SQL that the server printed with an empty search_path
};

class tree_walker {
public:
  tree_walker(const catalog* cat, findings& found, bare_names bare) : cat_(cat), found_(found), bare_(bare) {}

  // The text reads one row of pg_settings, of the setting of that name (setting_of_the_row).
  void reads_row_of(std::string_view setting) { row_ = setting; }

  void walk(const json::value& value);
  // A statement whose verdict is already known: only what it reads and calls is of interest.
  void walk_struct(const json::object& fields);

private:
  friend struct node_rules;

  void children(const json::object& fields);
  void embedded(std::string_view field, const json::object& fields);
  void with_scope(const json::object& fields);
  void common_tables(const json::object& with);
  void select(const json::object& fields);
  void range_variable(const json::object& fields);
  void target(const json::object& fields);
  void column_reference(const json::object& fields);
  void indirection(const json::object& fields);
  void sub_link(const json::object& fields);
  void join(const json::object& fields);
  void table_sample(const json::object& fields);

  void function_call(const json::object& fields);
  void judge_call(qualified_name name, const json::object& fields);
  void judge_function(qualified_name name);
  void judge_volatility(qualified_name name);
  void set_config(const json::object& fields);
  std::optional<std::string_view> setting_named_by(const json::value& argument) const;
  void current_setting(const json::object& fields);
  void makes_slot(const json::object& fields);
  void leave_lasting();
  void operation(const json::object& fields);
  void judge_operator(qualified_name name);
  void case_expression(const json::object& fields);
  void sort_by(const json::object& fields);
  void type_name(const json::object& fields);
  bool is_row_type(qualified_name name) const;
  void row_function(std::string_view field);

  std::string_view schema_of(qualified_name name) const;
  bool is_common_table(std::string_view name) const;

  const catalog* cat_;
  findings& found_;
  bare_names bare_;
  std::optional<std::string_view> row_;
  std::vector<std::string_view> common_tables_;  // in scope, innermost last
};

}  // namespace highwater::sql
