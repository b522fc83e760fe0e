#pragma once

// How shows are written down: one row per column, which says what it is called, of what type it is, and how its value
// comes out of the facts. So names and values cannot drift apart.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/console/facts.hpp"
#include "proxy/console/table.hpp"

namespace highwater::console {

template <class Facts>
struct field {
  std::string_view name;
  column_type type;
  cell (*value)(const Facts&);
};

template <class Facts, std::size_t Count>
constexpr std::array<column, Count> columns_in(const std::array<field<Facts>, Count>& fields) noexcept {
  std::array<column, Count> made;
  for (std::size_t i = 0; i < Count; ++i) made[i] = {fields[i].name, fields[i].type};
  return made;
}

template <class Facts, std::size_t Count>
std::vector<row> rows_of(const std::array<field<Facts>, Count>& fields, const std::vector<Facts>& all) {
  std::vector<row> rows;
  rows.reserve(all.size());
  for (const auto& one : all) {
    auto& cells = rows.emplace_back();
    cells.reserve(Count);
    for (const auto& each : fields) cells.push_back(each.value(one));
  }
  return rows;
}

// The first cells of each.
std::vector<row> only(std::size_t cells, std::vector<row> rows);

// What a view shows of the facts.
struct shown_view {
  std::span<const column> columns;
  std::vector<row> (*rows)(const facts&);
};

// Values as PostgreSQL writes them.
cell text_of(std::string_view value);
cell number(std::uint64_t value);
cell number(std::optional<std::uint64_t> value);
cell number(microseconds value);  // how many
cell number(std::optional<microseconds> value);
cell yes_or_no(bool value);                 // of type boolean
cell as_int(bool value);                    // 1 or 0, where PgBouncer has a number
cell unless_empty(std::string_view value);  // NULL if it is
cell whole_seconds(microseconds value);
cell rest_of_second(microseconds value);  // in microseconds
cell time_of(wall_time value);            // 2026-11-30 14:12:04 UTC, as PgBouncer writes it; NULL for the epoch
cell mode_of(std::optional<config::pool_mode> value);
cell level_of(std::optional<config::level> value);

}  // namespace highwater::console
