#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

constexpr auto node_fields = std::to_array<field<node_facts>>({
    {"name", column_type::text, [](const node_facts& one) { return text_of(one.name); }},
    {"host", column_type::text, [](const node_facts& one) { return text_of(one.host); }},
    {"port", column_type::int4, [](const node_facts& one) { return number(one.port); }},
    {"role", column_type::text, [](const node_facts& one) { return text_of(to_string(one.role)); }},
    {"zone", column_type::text, [](const node_facts& one) { return unless_empty(one.zone); }},
    {"weight", column_type::int4, [](const node_facts& one) { return number(one.weight); }},
    {"timeline", column_type::int8, [](const node_facts& one) { return number(one.timeline); }},
    {"incarnation", column_type::int8, [](const node_facts& one) { return number(one.incarnation); }},
    {"position", column_type::text, [](const node_facts& one) { return unless_empty(one.position); }},
    {"lag_bytes", column_type::int8, [](const node_facts& one) { return number(one.lag_bytes); }},
    {"lag_us", column_type::int8, [](const node_facts& one) { return number(one.lag); }},
    {"catch_up_us", column_type::int8, [](const node_facts& one) { return number(one.catch_up); }},
    {"usable", column_type::boolean, [](const node_facts& one) { return yes_or_no(one.usable); }},
    {"unusable_reason", column_type::text, [](const node_facts& one) { return unless_empty(one.unusable_reason); }},
    {"drained", column_type::boolean, [](const node_facts& one) { return yes_or_no(one.drained); }},
    {"connections", column_type::int4, [](const node_facts& one) { return number(one.connections); }},
});
constexpr auto node_columns = columns_in(node_fields);

constexpr auto route_fields = std::to_array<field<route_facts>>({
    {"node", column_type::text, [](const route_facts& one) { return text_of(one.node); }},
    {"level", column_type::text, [](const route_facts& one) { return level_of(one.level); }},
    {"reason", column_type::text, [](const route_facts& one) { return text_of(one.reason); }},
    {"count", column_type::int8, [](const route_facts& one) { return number(one.count); }},
});
constexpr auto route_columns = columns_in(route_fields);

constexpr auto pin_fields = std::to_array<field<pin_facts>>({
    {"client", column_type::int8, [](const pin_facts& one) { return number(one.client); }},
    {"user", column_type::text, [](const pin_facts& one) { return text_of(one.user); }},
    {"database", column_type::text, [](const pin_facts& one) { return text_of(one.database); }},
    {"application_name", column_type::text, [](const pin_facts& one) { return text_of(one.application); }},
    {"node", column_type::text, [](const pin_facts& one) { return unless_empty(one.node); }},
    {"reason", column_type::text, [](const pin_facts& one) { return text_of(one.reason); }},
    {"since", column_type::text, [](const pin_facts& one) { return time_of(one.since); }},
    {"statement", column_type::text, [](const pin_facts& one) { return unless_empty(one.statement); }},
});
constexpr auto pin_columns = columns_in(pin_fields);

}  // namespace

shown_view nodes_view() noexcept {
  return {node_columns, [](const facts& known) { return rows_of(node_fields, known.nodes); }};
}

shown_view routes_view() noexcept {
  return {route_columns, [](const facts& known) { return rows_of(route_fields, known.routes); }};
}

shown_view pins_view() noexcept {
  return {pin_columns, [](const facts& known) { return rows_of(pin_fields, known.pins); }};
}

}  // namespace highwater::console
