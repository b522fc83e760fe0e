#include "proxy/console/views.hpp"

// SHOW CLIENTS and SHOW SERVERS have the same columns.

namespace highwater::console {

namespace {

enum class connection_kind : std::uint8_t { client, server };

struct line {
  connection_kind kind;
  const connection_facts& of;
  std::string_view state;
  microseconds waited{0};
  std::uint64_t remote_pid = 0;
  std::optional<config::level> level = std::nullopt;
  std::string_view pinned = {};
};

constexpr connection_kind other(connection_kind kind) noexcept {
  return kind == connection_kind::client ? connection_kind::server : connection_kind::client;
}

// PgBouncer shows addresses in memory. What they are good for is that a client's link is its server connection's ptr.
cell handle(connection_kind kind, std::uint64_t id) {
  if (id == 0) return "";
  return (kind == connection_kind::client ? "c" : "s") + std::to_string(id);
}

constexpr auto fields = std::to_array<field<line>>({
    {"type", column_type::text,
     [](const line& one) { return text_of(one.kind == connection_kind::client ? "C" : "S"); }},
    {"user", column_type::text, [](const line& one) { return text_of(one.of.user); }},
    {"database", column_type::text, [](const line& one) { return text_of(one.of.database); }},
    {"replication", column_type::text, [](const line&) { return text_of("none"); }},
    {"state", column_type::text, [](const line& one) { return text_of(one.state); }},
    {"addr", column_type::text, [](const line& one) { return text_of(one.of.remote.host); }},
    {"port", column_type::int4, [](const line& one) { return number(one.of.remote.port); }},
    {"local_addr", column_type::text, [](const line& one) { return text_of(one.of.local.host); }},
    {"local_port", column_type::int4, [](const line& one) { return number(one.of.local.port); }},
    {"connect_time", column_type::text, [](const line& one) { return time_of(one.of.connected_at); }},
    {"request_time", column_type::text, [](const line& one) { return time_of(one.of.requested_at); }},
    {"wait", column_type::int4, [](const line& one) { return whole_seconds(one.waited); }},
    {"wait_us", column_type::int4, [](const line& one) { return rest_of_second(one.waited); }},
    {"close_needed", column_type::int4, [](const line& one) { return as_int(one.of.close_needed); }},
    {"ptr", column_type::text, [](const line& one) { return handle(one.kind, one.of.id); }},
    {"link", column_type::text, [](const line& one) { return handle(other(one.kind), one.of.link); }},
    {"remote_pid", column_type::int4, [](const line& one) { return number(one.remote_pid); }},
    {"tls", column_type::text, [](const line& one) { return text_of(one.of.tls); }},
    {"application_name", column_type::text, [](const line& one) { return text_of(one.of.application); }},
    {"prepared_statements", column_type::int4, [](const line& one) { return number(one.of.prepared_statements); }},
    {"id", column_type::int8, [](const line& one) { return number(one.of.id); }},
    {"node", column_type::text, [](const line& one) { return unless_empty(one.of.node); }},
    {"level", column_type::text, [](const line& one) { return level_of(one.level); }},
    {"pinned", column_type::text, [](const line& one) { return unless_empty(one.pinned); }},
});
constexpr auto client_columns = columns_in(fields);
constexpr std::size_t of_clients_alone = 2;
constexpr std::span<const column> server_columns = std::span(client_columns).first(fields.size() - of_clients_alone);

std::vector<row> client_rows(const facts& known) {
  std::vector<line> lines;
  for (const auto& one : known.clients) {
    lines.push_back({connection_kind::client, one, to_string(one.state), one.waited, 0, one.level, one.pinned});
  }
  return rows_of(fields, lines);
}

std::vector<row> server_rows(const facts& known) {
  std::vector<line> lines;
  for (const auto& one : known.servers) {
    lines.push_back({connection_kind::server, one, to_string(one.state), microseconds(0), one.remote_pid});
  }
  return only(server_columns.size(), rows_of(fields, lines));
}

}  // namespace

shown_view clients_view() noexcept {
  return {client_columns, client_rows};
}

shown_view servers_view() noexcept {
  return {server_columns, server_rows};
}

}  // namespace highwater::console
