#include <array>

#include "proxy/console/command_table.hpp"
#include "proxy/console/views.hpp"

namespace highwater::console {

namespace {

constexpr std::array<column, 3> columns{
    {{"command", column_type::text}, {"needs", column_type::text}, {"what it does", column_type::text}}};

std::vector<row> help_rows(const facts&) {
  std::vector<row> rows;
  for (const auto& each : view_rows()) {
    rows.push_back({"SHOW " + std::string(to_string(each.shows)), "stats", text_of(each.help)});
  }
  for (const auto& each : command_rows()) {
    if (each.help.empty()) continue;
    rows.push_back({text_of(each.usage), each.who == access::admin ? "admin" : "stats", text_of(each.help)});
  }
  return rows;
}

}  // namespace

shown_view help_view() noexcept {
  return {columns, help_rows};
}

}  // namespace highwater::console
