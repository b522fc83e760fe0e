#pragma once

// Rows that are found by a name, and by a schema if one is given: the shape of every lookup in the catalogue.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace highwater::sql {

// Row has the members `schema` and `name`. The index points into the rows' own strings, so rows never move.
template <typename Row>
class name_table {
public:
  name_table() = default;
  name_table(const name_table&) = delete;
  name_table& operator=(const name_table&) = delete;

  void assign(std::vector<Row> rows) {
    rows_ = std::move(rows);
    next_.assign(rows_.size(), none);
    first_.clear();
    first_.reserve(rows_.size());
    for (std::uint32_t i = 0; i < rows_.size(); ++i) {
      const auto [place, is_new] = first_.try_emplace(std::string_view(rows_[i].name), i);
      if (!is_new) next_[i] = std::exchange(place->second, i);
    }
  }

  // Calls visit(row) for every row of that name; an empty schema is any. Returns how many there were.
  template <typename Visit>
  std::size_t visit(std::string_view schema, std::string_view name, Visit&& visit) const {
    const auto found = first_.find(name);
    std::size_t count = 0;
    for (auto i = found == first_.end() ? none : found->second; i != none; i = next_[i]) {
      if (!schema.empty() && rows_[i].schema != schema) continue;
      visit(rows_[i]);
      ++count;
    }
    return count;
  }

  std::vector<Row>& rows() { return rows_; }

private:
  static constexpr std::uint32_t none = 0xffffffff;

  std::vector<Row> rows_;
  std::vector<std::uint32_t> next_;  // the next row of the same name
  boost::unordered_flat_map<std::string_view, std::uint32_t> first_;
};

}  // namespace highwater::sql
