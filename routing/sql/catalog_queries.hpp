#pragma once

// The queries that a catalogue is built from. They run on PostgreSQL 13 and later, as any user that may connect to the
// database, after catalog_search_path. Each is a statement of its own, so that none is long under way: what changes
// between them shows in the fingerprint.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::sql {

// Makes the server print every name in a view or policy with its schema, those of pg_catalog excepted.
inline constexpr std::string_view catalog_search_path = "SET search_path = ''";

enum class catalog_query : std::uint8_t { functions, operators, casts, relations, inheritance, writing };
inline constexpr catalog_query catalog_queries[] = {catalog_query::functions,   catalog_query::operators,
                                                    catalog_query::casts,       catalog_query::relations,
                                                    catalog_query::inheritance, catalog_query::writing};

// What the bodies of functions do besides reading and writing: one row of two arrays, as text, of what others need.
std::string_view marked_functions_sql() noexcept;
struct marked_functions {
  std::string oids = "{}", kinds = "{}";
};

// The columns are those that add_catalog_row() expects.
std::string catalog_sql(catalog_query which, const marked_functions& marked);

// What relations tell in the place of a view's definition is its number: the definitions are asked for in numbers that
// may be divided, as the server refuses to print one that goes away meanwhile, and the whole query with it. Rows of a
// number and a definition.
std::string view_definitions_sql(std::span<const std::string> views);

// One value: as long as it is the same, so is what the queries tell. Temporary objects do not count.
std::string_view catalog_fingerprint_sql() noexcept;

}  // namespace highwater::sql
