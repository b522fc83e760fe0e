#include "proxy/console/prepared.hpp"

#include <algorithm>
#include <utility>

#include "proxy/console/complaints.hpp"
#include "proxy/console/own_answers.hpp"
#include "proxy/wire/bytes.hpp"

namespace highwater::console {

namespace {

template <class Map>
void erase(Map& from, std::string_view name) {
  if (const auto found = from.find(name); found != from.end()) from.erase(found);
}

template <class Map>
bool is_full(const Map& names, std::size_t most) {
  return names.size() - names.count("") >= most;
}

// With one code for all columns, or none, any number of columns will do; nothing is shown in no format.
std::optional<wire::error> wrong_formats(const wire::bind_message& message, std::span<const column> columns) {
  const auto& codes = message.result_formats;
  const auto unknown = std::ranges::find_if(codes, [](auto each) { return each > 1; });
  if (unknown != codes.end()) return unknown_format(*unknown);
  if (codes.size() > 1 && !columns.empty() && codes.size() != columns.size()) {
    return wrong_format_count(codes.size(), columns.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<wire::error> prepared::refuses(const wire::parse_message& message) const {
  if (message.parameter_types.find_first_not_of('\0') != std::string_view::npos) return has_parameters();
  if (message.name.empty()) return std::nullopt;
  if (message.name.size() > longest_name) return name_too_long(longest_name);
  if (find_statement(message.name) != nullptr) return statement_exists(message.name);
  if (is_full(statements_, most_statements)) return too_many_names("prepared statements", most_statements);
  return std::nullopt;
}

std::optional<wire::error> prepared::parse(const wire::parse_message& message) {
  if (message.name.empty()) erase(statements_, "");
  if (auto why = refuses(message)) return why;
  auto found = console::parse(message.query);
  if (found.why) return std::move(found.why);
  if (found.commands.size() > 1) return several_commands();
  auto& made = statements_[std::string(message.name)];
  if (!found.commands.empty()) made = std::move(found.commands.front());
  return std::nullopt;
}

std::optional<wire::error> prepared::refuses(const wire::bind_message& message) const {
  const auto* const statement = find_statement(message.statement);
  if (statement == nullptr) return no_statement(message.statement);
  if (message.parameters != 0) return too_many_parameters(message.parameters, message.statement);
  if (message.portal.size() > longest_name) return name_too_long(longest_name);
  if (portals_.contains(message.portal)) return portal_exists(message.portal);
  if (!message.portal.empty() && is_full(portals_, most_portals)) return too_many_names("portals", most_portals);
  return wrong_formats(message, *statement ? columns_of(**statement) : std::span<const column>());
}

std::optional<wire::error> prepared::bind(const wire::bind_message& message) {
  if (message.portal.empty()) erase(portals_, "");
  if (auto why = refuses(message)) return why;
  portal made;
  made.what = *find_statement(message.statement);
  made.formats = result_formats(message.result_formats);
  portals_[std::string(message.portal)] = std::move(made);
  return std::nullopt;
}

const std::optional<command>* prepared::find_statement(std::string_view name) const noexcept {
  const auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : &found->second;
}

portal* prepared::find_portal(std::string_view name) noexcept {
  const auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : &found->second;
}

void prepared::close(const wire::target_message& which) {
  if (which.kind == 'S') return erase(statements_, which.name);
  erase(portals_, which.name);
}

bool prepared::deallocate(std::string_view name) {
  const bool there = name.empty() || statements_.contains(name);
  if (name.empty()) statements_.clear();
  erase(statements_, name);
  return there;
}

void prepared::end_unnamed() {
  erase(statements_, "");
  erase(portals_, "");
}

}  // namespace highwater::console
