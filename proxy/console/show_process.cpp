#include <array>

#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

constexpr std::array<column, 2> list_columns{{{"list", column_type::text}, {"items", column_type::int4}}};

struct list {
  std::string_view name;
  std::uint64_t list_facts::*count;  // none: there are none, but PgBouncer's exporters ask for it
};
constexpr list lists[] = {
    {"databases", &list_facts::databases},
    {"users", &list_facts::users},
    {"pools", &list_facts::pools},
    {"free_clients", &list_facts::free_clients},
    {"used_clients", &list_facts::used_clients},
    {"login_clients", &list_facts::login_clients},
    {"free_servers", &list_facts::free_servers},
    {"used_servers", &list_facts::used_servers},
    {"dns_names", nullptr},
    {"dns_zones", nullptr},
    {"dns_queries", nullptr},
    {"dns_pending", nullptr},
    {"nodes", &list_facts::nodes},
    {"pinned_clients", &list_facts::pinned_clients},
};

std::vector<row> list_rows(const facts& known) {
  std::vector<row> rows;
  for (const auto& each : lists) {
    rows.push_back({text_of(each.name), number(each.count == nullptr ? std::uint64_t{0} : known.lists.*each.count)});
  }
  return rows;
}

// Exporters take three columns or four, and no more.
constexpr auto config_fields = std::to_array<field<config_facts>>({
    {"key", column_type::text, [](const config_facts& one) { return text_of(one.key); }},
    {"value", column_type::text, [](const config_facts& one) { return one.value; }},
    {"default", column_type::text, [](const config_facts& one) { return one.default_value; }},
    {"changeable", column_type::text, [](const config_facts& one) { return text_of(one.changeable ? "yes" : "no"); }},
});
constexpr auto config_columns = columns_in(config_fields);

constexpr auto memory_fields = std::to_array<field<memory_facts>>({
    {"name", column_type::text, [](const memory_facts& one) { return text_of(one.name); }},
    {"size", column_type::int8, [](const memory_facts& one) { return number(one.item_bytes); }},
    {"used", column_type::int8, [](const memory_facts& one) { return number(one.used); }},
    {"free", column_type::int8, [](const memory_facts& one) { return number(one.free); }},
    {"memtotal", column_type::int8,
     [](const memory_facts& one) { return number(one.item_bytes * (one.used + one.free)); }},
});
constexpr auto memory_columns = columns_in(memory_fields);

constexpr std::array<column, 1> version_columns{{{"version", column_type::text}}};

constexpr std::array<column, 2> state_columns{{{"key", column_type::text}, {"value", column_type::text}}};

std::vector<row> state_rows(const facts& known) {
  const auto line = [](std::string_view key, bool value) { return row{text_of(key), text_of(value ? "yes" : "no")}; };
  const auto& process = known.process;
  return {line("active", !process.paused), line("paused", process.paused), line("suspended", false),
          line("draining", process.draining)};
}

}  // namespace

shown_view lists_view() noexcept {
  return {list_columns, list_rows};
}

shown_view config_view() noexcept {
  return {config_columns, [](const facts& known) { return rows_of(config_fields, known.config); }};
}

shown_view mem_view() noexcept {
  return {memory_columns, [](const facts& known) { return rows_of(memory_fields, known.memory); }};
}

shown_view version_view() noexcept {
  return {version_columns,
          [](const facts& known) { return std::vector<row>{{text_of("Highwater " + known.process.version)}}; }};
}

shown_view state_view() noexcept {
  return {state_columns, state_rows};
}

}  // namespace highwater::console
