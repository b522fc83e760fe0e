#pragma once

// What the server's own catalogue says about names: which functions, operators and casts are volatile, which relations
// exist and whether replicas have them. One immutable snapshot per database, looked up by classify().
//
// Lookups are by name, not by argument types, and conservative: a name is as bad as the worst of everything that it
// could mean. A name that is qualified means that schema's; one that is not could mean any schema's.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::routing {

enum class volatility : std::uint8_t { unknown, immutable, stable, volatile_ };

// The rows that a snapshot is built from, as the queries in catalog_queries.hpp return them.
struct catalog_function {
  std::string schema, name;
  char volatility = 'v';   // pg_proc.provolatile
  bool builtin = false;    // oid < 16384: came with the server
};
struct catalog_operator {
  std::string schema, name;
  char volatility = 'v';   // of the function behind it
};
struct catalog_cast {
  std::string target_schema, target_name;  // the type that is cast to
  char volatility = 'v';                   // of the cast's function; 'i' for binary-coercible and I/O casts
};
struct catalog_relation {
  std::string schema, name;
  char kind = 'r';         // pg_class.relkind
  char persistence = 'p';  // pg_class.relpersistence
  std::string definition;  // views only: the SELECT
  std::vector<std::string> policies;  // row security expressions, as SQL
};

class catalog;
using catalog_ptr = std::shared_ptr<const catalog>;

}  // namespace highwater::routing
