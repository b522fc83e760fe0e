#include "routing/sql/catalog.hpp"

#include <algorithm>

namespace highwater::sql {
namespace {

// An unknown letter is as bad as the worst one.
volatility volatility_of(char letter) {
  return letter == 'i' ? volatility::immutable : letter == 's' ? volatility::stable : volatility::volatile_;
}

template <typename To, typename From, typename Convert>
std::vector<To> converted(std::vector<From>&& rows, Convert convert) {
  std::vector<To> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(convert(row));
  return out;
}

template <typename Table>
operation_facts facts_in(const Table& table, std::string_view schema, std::string_view name) {
  operation_facts facts;
  table.visit(schema, name, [&](const auto& row) {
    facts.worst = std::max(facts.worst, row.worst);
    facts.leaves = std::max(facts.leaves, row.leaves);
  });
  return facts;
}

}  // namespace

catalog::catalog(catalog_rows rows, std::span<const std::string> policy_tables) {
  functions_.assign(converted<function_entry>(std::move(rows.functions), [](catalog_function& row) {
    return function_entry{
        std::move(row.schema), std::move(row.name), volatility_of(row.volatility), row.builtin, row.takes_row,
        row.takes_lock,        row.leaves};
  }));
  operators_.assign(converted<operation_entry>(std::move(rows.operators), [](catalog_operator& row) {
    return operation_entry{std::move(row.schema), std::move(row.name), volatility_of(row.volatility), row.leaves};
  }));
  casts_.assign(converted<operation_entry>(std::move(rows.casts), [](catalog_cast& row) {
    return operation_entry{std::move(row.target_schema), std::move(row.target_name), volatility_of(row.volatility),
                           row.leaves};
  }));
  add_relations(std::move(rows), policy_tables);
}

function_facts catalog::function(std::string_view schema, std::string_view name) const noexcept {
  function_facts facts;
  functions_.visit(schema, name, [&](const function_entry& row) {
    facts.worst = std::max(facts.worst, row.worst);
    facts.takes_lock |= row.takes_lock;
    facts.leaves = std::max(facts.leaves, row.leaves);
    if (row.builtin) return;
    facts.added = std::max(facts.added, row.worst);
    facts.takes_row |= row.takes_row && row.worst == volatility::volatile_;
  });
  return facts;
}

operation_facts catalog::operation(std::string_view schema, std::string_view name) const noexcept {
  return facts_in(operators_, schema, name);
}

operation_facts catalog::cast(std::string_view schema, std::string_view name) const noexcept {
  return facts_in(casts_, schema, name);
}

}  // namespace highwater::sql
