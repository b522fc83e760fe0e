#include <array>

#include "proxy/console/views.hpp"

// SHOW TOTALS has its numbers in rows, each with its name.

namespace highwater::console {

namespace {

constexpr std::array<column, 2> columns{{{"name", column_type::text}, {"value", column_type::numeric}}};

struct counter {
  std::string_view name;  // behind total_ and avg_
  cell (*value)(const stat_counters&);
};

template <auto Counter>
cell value_of(const stat_counters& one) {
  return number(one.*Counter);
}

constexpr counter counters[] = {
    {"server_assignment_count", value_of<&stat_counters::server_assignments>},
    {"xact_count", value_of<&stat_counters::transactions>},
    {"query_count", value_of<&stat_counters::queries>},
    {"client_bytes", value_of<&stat_counters::received_bytes>},
    {"server_bytes", value_of<&stat_counters::sent_bytes>},
    {"xact_time", value_of<&stat_counters::transaction_time>},
    {"query_time", value_of<&stat_counters::query_time>},
    {"wait_time", value_of<&stat_counters::wait_time>},
    {"client_parse_count", value_of<&stat_counters::client_parses>},
    {"server_parse_count", value_of<&stat_counters::server_parses>},
    {"bind_count", value_of<&stat_counters::binds>},
};

constexpr std::uint64_t stat_counters::*counts[] = {
    &stat_counters::server_assignments, &stat_counters::transactions, &stat_counters::queries,
    &stat_counters::received_bytes,     &stat_counters::sent_bytes,   &stat_counters::client_parses,
    &stat_counters::server_parses,      &stat_counters::binds};

// An average time is one per what is counted beside it.
struct time_and_count {
  microseconds stat_counters::*time;
  std::uint64_t stat_counters::*count;
};
constexpr time_and_count times[] = {
    {&stat_counters::transaction_time, &stat_counters::transactions},
    {&stat_counters::query_time, &stat_counters::queries},
    {&stat_counters::wait_time, &stat_counters::server_assignments},
};

stat_counters sum_of_totals(const std::vector<stats_facts>& all) {
  stat_counters sum;
  for (const auto& one : all) {
    for (const auto each : counts) sum.*each += one.total.*each;
    for (const auto& each : times) sum.*each.time += one.total.*each.time;
  }
  return sum;
}

microseconds mean(const std::vector<stats_facts>& all, const time_and_count& what) {
  double time = 0, count = 0;
  for (const auto& one : all) {
    const auto weight = static_cast<double>(one.average.*what.count);
    time += weight * static_cast<double>((one.average.*what.time).count());
    count += weight;
  }
  return microseconds(count > 0 ? static_cast<std::int64_t>(time / count) : 0);
}

stat_counters average_of_all(const std::vector<stats_facts>& all) {
  stat_counters made;
  for (const auto& one : all) {
    for (const auto each : counts) made.*each += one.average.*each;
  }
  for (const auto& each : times) made.*each.time = mean(all, each);
  return made;
}

void add_rows(std::vector<row>& rows, std::string_view prefix, const stat_counters& of) {
  for (const auto& each : counters) rows.push_back({std::string(prefix) + std::string(each.name), each.value(of)});
}

std::vector<row> total_rows(const facts& known) {
  std::vector<row> rows;
  add_rows(rows, "total_", sum_of_totals(known.stats));
  add_rows(rows, "avg_", average_of_all(known.stats));
  return rows;
}

}  // namespace

shown_view totals_view() noexcept {
  return {columns, total_rows};
}

}  // namespace highwater::console
