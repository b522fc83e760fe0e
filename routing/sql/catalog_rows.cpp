#include "routing/sql/catalog_rows.hpp"

#include <algorithm>

namespace highwater::sql {
namespace {

constexpr char separator = '\x01';

// A missing letter is as bad as the worst one.
char letter(std::string_view column) {
  return column.size() == 1 ? column[0] : 'v';
}
bool flag(std::string_view column) {
  return column == "t";
}

residue left(std::string_view column) {
  return column == "l" ? residue::lasting : column == "d" ? residue::discardable : residue::nothing;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> each;
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    each.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return each;
}

std::size_t column_count(catalog_query which) {
  switch (which) {
    case catalog_query::functions:
      return 7;
    case catalog_query::operators:
    case catalog_query::casts:
      return 4;
    case catalog_query::relations:
      return 6;
    case catalog_query::writing:
      return 3;
    case catalog_query::inheritance:
      return 4;
  }
  return 0;
}

}  // namespace

bool add_catalog_row(catalog_query which, std::span<const std::string_view> columns, catalog_rows& into) {
  if (columns.size() != column_count(which)) return false;
  std::string schema(columns[0]);
  std::string name(columns[1]);
  switch (which) {
    case catalog_query::functions:
      into.functions.push_back({std::move(schema), std::move(name), letter(columns[2]), flag(columns[3]),
                                flag(columns[4]), left(columns[5]), flag(columns[6])});
      break;
    case catalog_query::operators:
      into.operators.push_back({std::move(schema), std::move(name), letter(columns[2]), left(columns[3])});
      break;
    case catalog_query::casts:
      into.casts.push_back({std::move(schema), std::move(name), letter(columns[2]), left(columns[3])});
      break;
    case catalog_query::relations:
      into.relations.push_back({std::move(schema), std::move(name), letter(columns[2]), letter(columns[3]),
                                std::string(columns[4]), split(columns[5])});
      break;
    case catalog_query::writing:
      into.writing.push_back({std::move(schema), std::move(name), left(columns[2])});
      break;
    case catalog_query::inheritance:
      into.inheritance.push_back(
          {std::move(schema), std::move(name), std::string(columns[2]), std::string(columns[3])});
      break;
  }
  return true;
}

}  // namespace highwater::sql
