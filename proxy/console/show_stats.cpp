#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

cell database(const stats_facts& one) {
  return text_of(one.database);
}

template <auto Counter>
cell total(const stats_facts& one) {
  return number(one.total.*Counter);
}

template <auto Counter>
cell average(const stats_facts& one) {
  return number(one.average.*Counter);
}

// The last is what PgBouncer called total_query_count before 1.8, and what an exporter of that age still looks for.
constexpr auto stats_fields = std::to_array<field<stats_facts>>({
    {"database", column_type::text, database},
    {"total_server_assignment_count", column_type::numeric, total<&stat_counters::server_assignments>},
    {"total_xact_count", column_type::numeric, total<&stat_counters::transactions>},
    {"total_query_count", column_type::numeric, total<&stat_counters::queries>},
    {"total_received", column_type::numeric, total<&stat_counters::received_bytes>},
    {"total_sent", column_type::numeric, total<&stat_counters::sent_bytes>},
    {"total_xact_time", column_type::numeric, total<&stat_counters::transaction_time>},
    {"total_query_time", column_type::numeric, total<&stat_counters::query_time>},
    {"total_wait_time", column_type::numeric, total<&stat_counters::wait_time>},
    {"total_client_parse_count", column_type::numeric, total<&stat_counters::client_parses>},
    {"total_server_parse_count", column_type::numeric, total<&stat_counters::server_parses>},
    {"total_bind_count", column_type::numeric, total<&stat_counters::binds>},
    {"avg_server_assignment_count", column_type::numeric, average<&stat_counters::server_assignments>},
    {"avg_xact_count", column_type::numeric, average<&stat_counters::transactions>},
    {"avg_query_count", column_type::numeric, average<&stat_counters::queries>},
    {"avg_recv", column_type::numeric, average<&stat_counters::received_bytes>},
    {"avg_sent", column_type::numeric, average<&stat_counters::sent_bytes>},
    {"avg_xact_time", column_type::numeric, average<&stat_counters::transaction_time>},
    {"avg_query_time", column_type::numeric, average<&stat_counters::query_time>},
    {"avg_wait_time", column_type::numeric, average<&stat_counters::wait_time>},
    {"avg_client_parse_count", column_type::numeric, average<&stat_counters::client_parses>},
    {"avg_server_parse_count", column_type::numeric, average<&stat_counters::server_parses>},
    {"avg_bind_count", column_type::numeric, average<&stat_counters::binds>},
    {"total_requests", column_type::numeric, total<&stat_counters::queries>},
});
constexpr auto stats_columns = columns_in(stats_fields);

constexpr auto total_fields = std::to_array<field<stats_facts>>({
    {"database", column_type::text, database},
    {"server_assignment_count", column_type::numeric, total<&stat_counters::server_assignments>},
    {"xact_count", column_type::numeric, total<&stat_counters::transactions>},
    {"query_count", column_type::numeric, total<&stat_counters::queries>},
    {"bytes_received", column_type::numeric, total<&stat_counters::received_bytes>},
    {"bytes_sent", column_type::numeric, total<&stat_counters::sent_bytes>},
    {"xact_time", column_type::numeric, total<&stat_counters::transaction_time>},
    {"query_time", column_type::numeric, total<&stat_counters::query_time>},
    {"wait_time", column_type::numeric, total<&stat_counters::wait_time>},
    {"client_parse_count", column_type::numeric, total<&stat_counters::client_parses>},
    {"server_parse_count", column_type::numeric, total<&stat_counters::server_parses>},
    {"bind_count", column_type::numeric, total<&stat_counters::binds>},
});
constexpr auto total_columns = columns_in(total_fields);

constexpr auto average_fields = std::to_array<field<stats_facts>>({
    {"database", column_type::text, database},
    {"server_assignment_count", column_type::numeric, average<&stat_counters::server_assignments>},
    {"xact_count", column_type::numeric, average<&stat_counters::transactions>},
    {"query_count", column_type::numeric, average<&stat_counters::queries>},
    {"bytes_received", column_type::numeric, average<&stat_counters::received_bytes>},
    {"bytes_sent", column_type::numeric, average<&stat_counters::sent_bytes>},
    {"xact_time", column_type::numeric, average<&stat_counters::transaction_time>},
    {"query_time", column_type::numeric, average<&stat_counters::query_time>},
    {"wait_time", column_type::numeric, average<&stat_counters::wait_time>},
    {"client_parse_count", column_type::numeric, average<&stat_counters::client_parses>},
    {"server_parse_count", column_type::numeric, average<&stat_counters::server_parses>},
    {"bind_count", column_type::numeric, average<&stat_counters::binds>},
});
constexpr auto average_columns = columns_in(average_fields);

}  // namespace

shown_view stats_view() noexcept {
  return {stats_columns, [](const facts& known) { return rows_of(stats_fields, known.stats); }};
}

shown_view stats_totals_view() noexcept {
  return {total_columns, [](const facts& known) { return rows_of(total_fields, known.stats); }};
}

shown_view stats_averages_view() noexcept {
  return {average_columns, [](const facts& known) { return rows_of(average_fields, known.stats); }};
}

}  // namespace highwater::console
