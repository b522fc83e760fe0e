#include <cstdlib>
#include <optional>

#include "proxy/client/message_writer.hpp"

namespace highwater::proxy {

namespace {

std::optional<std::string> client_name_of(statement_id id, const exchange& under_way, const client_state& client) {
  if (const auto* name = under_way.stands_for(id)) return *name;
  const auto name = client.prepared ? client.prepared->name_of(id) : std::string_view();
  return name.empty() ? std::nullopt : std::optional(std::string(name));
}

}  // namespace

std::string unknown_name(std::string_view name) {
  return name.starts_with(own_statement_prefix) ? "?" + std::string(name) : std::string(name);
}

std::string without_our_name(std::string_view sql, const sql::name_in_text& place) {
  std::string text(sql);
  if (!place.name.starts_with(own_statement_prefix)) return text;
  return text.replace(place.offset, place.length, '"' + unknown_name(place.name) + '"');
}

std::string with_name(std::string_view sql, const sql::name_in_text& place, statement_id id) {
  std::string text(sql);
  return text.replace(place.offset, place.length, server_name(id));
}

std::string with_client_names(const wire::error_fields& fields, const exchange& under_way, const client_state& client) {
  std::string body(fields.body);
  for (auto at = body.find(own_statement_prefix); at != std::string::npos; at = body.find(own_statement_prefix, at)) {
    const auto digits = at + own_statement_prefix.size();
    const auto end = std::min(body.find_first_not_of("0123456789", digits), body.size());
    const auto name = client_name_of(std::strtoull(body.c_str() + digits, nullptr, 10), under_way, client);
    if (name) {
      body.replace(at, end - at, *name);
      at += name->size();
    } else {
      at = end;
    }
  }
  std::string message;
  wire::writer(message, wire::backend::error_response).bytes(body);
  return message;
}

}  // namespace highwater::proxy
