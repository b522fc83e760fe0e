#pragma once

// A small catalogue for tests: what they need of PostgreSQL 15's own, and a database of a shop.

#include "routing/sql/catalog.hpp"

namespace highwater::testing_support {

sql::catalog_rows shop_rows();
const sql::catalog* shop_catalog();

}  // namespace highwater::testing_support
