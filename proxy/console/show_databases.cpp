#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

// The last is what PgBouncer called reserve_pool_size before 1.23, and what exporters look for.
constexpr auto database_fields = std::to_array<field<database_facts>>({
    {"name", column_type::text, [](const database_facts& one) { return text_of(one.name); }},
    {"host", column_type::text, [](const database_facts& one) { return unless_empty(one.host); }},
    {"port", column_type::int4, [](const database_facts& one) { return number(one.port); }},
    {"database", column_type::text, [](const database_facts& one) { return text_of(one.database); }},
    {"force_user", column_type::text, [](const database_facts& one) { return unless_empty(one.force_user); }},
    {"pool_size", column_type::int4, [](const database_facts& one) { return number(one.pool_size); }},
    {"min_pool_size", column_type::int4, [](const database_facts& one) { return number(one.min_pool_size); }},
    {"reserve_pool_size", column_type::int4, [](const database_facts& one) { return number(one.reserve_pool_size); }},
    {"server_lifetime", column_type::int4,
     [](const database_facts& one) { return whole_seconds(one.server_lifetime); }},
    {"pool_mode", column_type::text, [](const database_facts& one) { return mode_of(one.mode); }},
    {"load_balance_hosts", column_type::text, [](const database_facts&) { return cell(); }},
    {"max_connections", column_type::int4, [](const database_facts& one) { return number(one.max_connections); }},
    {"current_connections", column_type::int4,
     [](const database_facts& one) { return number(one.current_connections); }},
    {"max_client_connections", column_type::int4,
     [](const database_facts& one) { return number(one.max_client_connections); }},
    {"current_client_connections", column_type::int4,
     [](const database_facts& one) { return number(one.current_client_connections); }},
    {"paused", column_type::int4, [](const database_facts& one) { return as_int(one.paused); }},
    {"disabled", column_type::int4, [](const database_facts& one) { return as_int(one.disabled); }},
    {"reserve_pool", column_type::int4, [](const database_facts& one) { return number(one.reserve_pool_size); }},
});
constexpr auto database_columns = columns_in(database_fields);

constexpr auto user_fields = std::to_array<field<user_facts>>({
    {"name", column_type::text, [](const user_facts& one) { return text_of(one.name); }},
    {"pool_size", column_type::text, [](const user_facts& one) { return number(one.pool_size); }},
    {"reserve_pool_size", column_type::text, [](const user_facts& one) { return number(one.reserve_pool_size); }},
    {"pool_mode", column_type::text, [](const user_facts& one) { return mode_of(one.mode); }},
    {"max_user_connections", column_type::int4, [](const user_facts& one) { return number(one.max_connections); }},
    {"current_connections", column_type::int4, [](const user_facts& one) { return number(one.current_connections); }},
    {"max_user_client_connections", column_type::int4,
     [](const user_facts& one) { return number(one.max_client_connections); }},
    {"current_client_connections", column_type::int4,
     [](const user_facts& one) { return number(one.current_client_connections); }},
});
constexpr auto user_columns = columns_in(user_fields);

}  // namespace

shown_view databases_view() noexcept {
  return {database_columns, [](const facts& known) { return rows_of(database_fields, known.databases); }};
}

shown_view users_view() noexcept {
  return {user_columns, [](const facts& known) { return rows_of(user_fields, known.users); }};
}

}  // namespace highwater::console
