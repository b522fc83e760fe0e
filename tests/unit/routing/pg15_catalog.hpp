#pragma once

// A small catalogue for tests: what they need of PostgreSQL 15's own, and a database of a shop.

#include "routing/catalog.hpp"

namespace highwater::testing_support {

routing::catalog_rows shop_rows();
const routing::catalog* shop_catalog();

}  // namespace highwater::testing_support
