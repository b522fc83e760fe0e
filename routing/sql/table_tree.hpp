#pragma once

// A policy on a table means its partitions and its parents too, as what is read of the one is read of the other
// (rule 24): says which relatives have to be named beside a table, so that policies on them are found.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "routing/sql/catalog.hpp"

namespace highwater::sql {

using table_relatives = std::map<relation, std::vector<relation>>;

// By table: for each of the policies' patterns that does not match the table itself but any of its ancestors or
// descendants, one that it matches. Tables without any are left out.
table_relatives relatives_of(std::span<const catalog_inheritance> tree, std::span<const std::string> patterns);

}  // namespace highwater::sql
