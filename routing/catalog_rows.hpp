#pragma once

// From the rows that the catalogue's queries return, as text, to what a catalogue is built from.

#include <span>
#include <string_view>

#include "routing/catalog.hpp"
#include "routing/catalog_queries.hpp"

namespace highwater::routing {

// False, and nothing added, if the row does not have the query's columns. A null is an empty string.
bool add_catalog_row(catalog_query which, std::span<const std::string_view> columns, catalog_rows& into);

}  // namespace highwater::routing
