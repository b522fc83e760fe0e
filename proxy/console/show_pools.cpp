#include <algorithm>
#include <map>

#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

// The columns of the pool as a whole; those of its node come last.
constexpr auto every_field = std::to_array<field<pool_facts>>({
    {"database", column_type::text, [](const pool_facts& one) { return text_of(one.database); }},
    {"user", column_type::text, [](const pool_facts& one) { return text_of(one.user); }},
    {"cl_active", column_type::int4, [](const pool_facts& one) { return number(one.clients_active); }},
    {"cl_waiting", column_type::int4, [](const pool_facts& one) { return number(one.clients_waiting); }},
    {"cl_active_cancel_req", column_type::int4,
     [](const pool_facts& one) { return number(one.clients_active_cancel); }},
    {"cl_waiting_cancel_req", column_type::int4,
     [](const pool_facts& one) { return number(one.clients_waiting_cancel); }},
    {"sv_active", column_type::int4, [](const pool_facts& one) { return number(one.servers_active); }},
    {"sv_active_cancel", column_type::int4, [](const pool_facts& one) { return number(one.servers_active_cancel); }},
    {"sv_being_canceled", column_type::int4, [](const pool_facts& one) { return number(one.servers_being_canceled); }},
    {"sv_idle", column_type::int4, [](const pool_facts& one) { return number(one.servers_idle); }},
    {"sv_used", column_type::int4, [](const pool_facts& one) { return number(one.servers_used); }},
    {"sv_tested", column_type::int4, [](const pool_facts& one) { return number(one.servers_tested); }},
    {"sv_login", column_type::int4, [](const pool_facts& one) { return number(one.servers_logging_in); }},
    {"maxwait", column_type::int4, [](const pool_facts& one) { return whole_seconds(one.longest_wait); }},
    {"maxwait_us", column_type::int4, [](const pool_facts& one) { return rest_of_second(one.longest_wait); }},
    {"pool_mode", column_type::text, [](const pool_facts& one) { return mode_of(one.mode); }},
    {"load_balance_hosts", column_type::text, [](const pool_facts&) { return cell(); }},
    {"node", column_type::text, [](const pool_facts& one) { return text_of(one.node); }},
    {"pool_size", column_type::int4, [](const pool_facts& one) { return number(one.size); }},
});
constexpr auto every_column = columns_in(every_field);
constexpr std::size_t of_node = 2;
constexpr std::span<const column> columns = std::span(every_column).first(every_column.size() - of_node);

void add(pool_facts& sum, const pool_facts& one) {
  constexpr std::uint64_t pool_facts::*counts[] = {
      &pool_facts::clients_active,         &pool_facts::clients_waiting,   &pool_facts::clients_active_cancel,
      &pool_facts::clients_waiting_cancel, &pool_facts::servers_active,    &pool_facts::servers_active_cancel,
      &pool_facts::servers_being_canceled, &pool_facts::servers_idle,      &pool_facts::servers_used,
      &pool_facts::servers_tested,         &pool_facts::servers_logging_in};
  for (const auto each : counts) sum.*each += one.*each;
  sum.longest_wait = std::max(sum.longest_wait, one.longest_wait);
}

// Whoever collects metrics takes database and user for the key, so there must not be two of them.
std::vector<pool_facts> over_nodes(const std::vector<pool_facts>& all) {
  std::vector<pool_facts> sums;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> places;
  for (const auto& one : all) {
    const auto [found, is_new] = places.try_emplace({one.database, one.user}, sums.size());
    if (is_new) {
      sums.push_back(one);
    } else {
      add(sums[found->second], one);
    }
  }
  return sums;
}

std::vector<row> pool_rows(const facts& known) {
  return only(columns.size(), rows_of(every_field, over_nodes(known.pools)));
}

}  // namespace

shown_view pools_view() noexcept {
  return {columns, pool_rows};
}

shown_view node_pools_view() noexcept {
  return {every_column, [](const facts& known) { return rows_of(every_field, known.pools); }};
}

}  // namespace highwater::console
