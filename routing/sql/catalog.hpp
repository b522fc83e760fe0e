#pragma once

// What the server's own catalogue says about names: which functions, operators and casts are volatile, which relations
// exist and whether replicas have them. One immutable snapshot per database, looked up by classify().
//
// Lookups are by name, not by argument types, and conservative: a name is as bad as the worst of everything that it
// could mean. A name that is qualified means that schema's; one that is not could mean any schema's.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/sql/name_table.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::sql {

enum class volatility : std::uint8_t { unknown, immutable, stable, volatile_ };

// The rows that a snapshot is built from, as the queries in catalog_queries.hpp return them.
struct catalog_function {
  std::string schema, name;
  char volatility = 'v';              // pg_proc.provolatile
  bool builtin = false;               // oid < 16384: came with the server
  bool takes_row = false;             // may be called with one row: f(t) can be written t.f
  residue leaves = residue::nothing;  // by what its body mentions
  bool takes_lock = false;            // ... an advisory one, for the transaction
  friend bool operator==(const catalog_function&, const catalog_function&) = default;
};
struct catalog_operator {
  std::string schema, name;
  char volatility = 'v';              // of the function behind it
  residue leaves = residue::nothing;  // ... as for functions
  friend bool operator==(const catalog_operator&, const catalog_operator&) = default;
};
struct catalog_cast {
  std::string target_schema, target_name;  // the type that is cast to
  char volatility = 'v';                   // of the cast's function; 'i' for binary-coercible and I/O casts
  residue leaves = residue::nothing;       // ... or of a domain's checks
  friend bool operator==(const catalog_cast&, const catalog_cast&) = default;
};
struct catalog_relation {
  std::string schema, name;
  char kind = 'r';         // pg_class.relkind
  char persistence = 'p';  // pg_class.relpersistence, the worst of it and its children
  // The SQL below was printed with an empty search_path: a name that is not qualified is pg_catalog's.
  std::string definition;             // views only: the SELECT
  std::vector<std::string> policies;  // row security expressions
  friend bool operator==(const catalog_relation&, const catalog_relation&) = default;
};

// A partition, or a table that inherits from another one.
struct catalog_inheritance {
  std::string schema, name;
  std::string parent_schema, parent_name;
  friend bool operator==(const catalog_inheritance&, const catalog_inheritance&) = default;
};

// A table or view of which writing to it leaves something behind, by whatever code it runs.
struct catalog_writing {
  std::string schema, name;
  residue leaves = residue::nothing;
  friend bool operator==(const catalog_writing&, const catalog_writing&) = default;
};

struct catalog_rows {
  std::vector<catalog_function> functions;
  std::vector<catalog_operator> operators;
  std::vector<catalog_cast> casts;
  std::vector<catalog_relation> relations;
  std::vector<catalog_inheritance> inheritance;
  std::vector<catalog_writing> writing;
  friend bool operator==(const catalog_rows&, const catalog_rows&) = default;
};

// What a function's name can mean.
struct function_facts {
  volatility worst = volatility::unknown;  // of all that have the name; unknown: none has
  volatility added = volatility::unknown;  // of those that did not come with the server
  bool takes_row = false;                  // an added, volatile one can be called as t.f
  bool takes_lock = false;                 // one of them may
  residue leaves = residue::nothing;       // ... the worst of all
};

// What the name of an operator, or of a type that is cast to, can mean.
struct operation_facts {
  volatility worst = volatility::unknown;
  residue leaves = residue::nothing;
};

// What reading a view, or a table with row security, comes to.
struct derived_reading {
  write_reason reason = write_reason::none;  // none: a proven read
  std::string detail;
  bool hidden_relations = false;
  bool takes_lock = false;
  residue leaves = residue::nothing;
  pin_reason pin = pin_reason::none;
  std::vector<relation> relations;  // that it reads, through other views too
  name_set names;                   // that it mentions, through other views too
};

struct relation_facts {
  std::string schema, name;
  bool replicated = true;  // replicas have it, and the same in it
  bool is_view = false;
  residue writing_leaves = residue::nothing;
  std::unique_ptr<const derived_reading> derived;  // null for a plain table
  std::vector<relation> relatives;                 // parents and partitions that policies are about: see table_tree.hpp
};

// Immutable once it is built, so any number of threads may look things up. Names are compared as they are, folded
// already; an empty schema is any schema. No lookup allocates.
class catalog {
public:
  // `policy_tables`: the patterns of all policies.
  explicit catalog(catalog_rows rows, std::span<const std::string> policy_tables = {});

  function_facts function(std::string_view schema, std::string_view name) const noexcept;
  operation_facts operation(std::string_view schema, std::string_view name) const noexcept;
  // Of the casts to a type; unknown if there is no such type.
  operation_facts cast(std::string_view schema, std::string_view name) const noexcept;

  // Calls `visit` with the facts of every relation that the name can mean; returns how many there are.
  template <typename Visit>
  std::size_t visit_relations(std::string_view schema, std::string_view name, Visit&& visit) const {
    return relations_.visit(schema, name, visit);
  }

private:
  struct function_entry {
    std::string schema, name;
    volatility worst;
    bool builtin, takes_row, takes_lock;
    residue leaves;
  };
  struct operation_entry {
    std::string schema, name;
    volatility worst;
    residue leaves;
  };

  void add_relations(catalog_rows rows, std::span<const std::string> policy_tables);

  name_table<function_entry> functions_;
  name_table<operation_entry> operators_;
  name_table<operation_entry> casts_;
  name_table<relation_facts> relations_;
};
using catalog_ptr = std::shared_ptr<const catalog>;

}  // namespace highwater::sql
