#pragma once

// From the rows that the catalogue's queries return, as text, to what a catalogue is built from.

#include <span>
#include <string_view>

#include "routing/sql/catalog.hpp"
#include "routing/sql/catalog_queries.hpp"

namespace highwater::sql {

// False, and nothing added, if the row does not have the query's columns. A null is an empty string.
bool add_catalog_row(catalog_query which, std::span<const std::string_view> columns, catalog_rows& into);

}  // namespace highwater::sql
