#include "proxy/wire/messages.hpp"

namespace highwater::wire {

namespace {

constexpr std::uint32_t protocol_3_0 = 3U << 16;
constexpr std::uint32_t ssl_code = 80877103;
constexpr std::uint32_t cancel_code = 80877102;
constexpr std::uint32_t text_oid = 25;

enum class authentication_code : std::uint32_t {
  ok = 0,
  cleartext = 3,
  md5 = 5,
  sasl = 10,
  sasl_continue = 11,
  sasl_final = 12
};

void write_authentication(std::string& out, authentication_code code, std::string_view data) {
  writer(out, backend::authentication).u32(static_cast<std::uint32_t>(code)).bytes(data);
}

}  // namespace

std::optional<transaction_status> to_transaction_status(char byte) noexcept {
  switch (byte) {
    case 'I':
    case 'T':
    case 'E':
      return static_cast<transaction_status>(byte);
    default:
      return std::nullopt;
  }
}

std::optional<parse_message> read_parse(std::string_view body) noexcept {
  reader in(body);
  parse_message message;
  message.name = in.c_string();
  message.query = in.c_string();
  message.parameter_types = in.rest();
  const std::size_t count = in.u16();
  in.take(4 * count);
  return in.done() ? std::optional(message) : std::nullopt;
}

std::optional<bind_names> read_bind_names(std::string_view body) noexcept {
  reader in(body);
  bind_names names;
  names.portal = in.c_string();
  names.statement = in.c_string();
  names.size = names.portal.size() + names.statement.size() + 2;
  return in.ok() ? std::optional(names) : std::nullopt;
}

std::optional<std::uint16_t> read_bind_count(std::string_view body) noexcept {
  reader in(body);
  in.c_string();
  in.c_string();
  const auto formats = in.u16();
  in.take(std::size_t{2} * formats);
  const auto count = in.u16();
  return in.ok() ? std::optional(count) : std::nullopt;
}

std::optional<target_message> read_target(std::string_view body) noexcept {
  reader in(body);
  target_message message;
  message.kind = static_cast<char>(in.u8());
  message.name = in.c_string();
  const bool known = message.kind == 'S' || message.kind == 'P';
  return in.done() && known ? std::optional(message) : std::nullopt;
}

std::optional<std::uint32_t> read_function_call(std::string_view body) noexcept {
  reader in(body);
  const auto function = in.u32();
  return in.ok() ? std::optional(function) : std::nullopt;
}

std::optional<execute_message> read_execute(std::string_view body) noexcept {
  reader in(body);
  execute_message message;
  message.portal = in.c_string();
  message.max_rows = in.u32();
  return in.done() ? std::optional(message) : std::nullopt;
}

std::optional<std::string_view> read_single_string(std::string_view body) noexcept {
  reader in(body);
  const auto text = in.c_string();
  return in.done() ? std::optional(text) : std::nullopt;
}

std::optional<parameter_status_message> read_parameter_status(std::string_view body) noexcept {
  reader in(body);
  parameter_status_message message;
  message.name = in.c_string();
  message.value = in.c_string();
  return in.done() ? std::optional(message) : std::nullopt;
}

std::optional<backend_key_message> read_backend_key(std::string_view body) noexcept {
  reader in(body);
  backend_key_message message;
  message.process = in.u32();
  message.secret = in.u32();
  return in.done() ? std::optional(message) : std::nullopt;
}

std::optional<backend_key_message> read_cancel_key(std::string_view body) noexcept {
  reader in(body);
  backend_key_message message;
  message.process = in.u32();
  const auto secret = in.rest();
  if (secret.size() < cancel_secret::shortest || secret.size() > cancel_secret::longest_in_protocol) {
    return std::nullopt;
  }
  message.secret = cancel_secret(secret);
  return message;
}

void write_ssl_request(std::string& out) {
  writer(out).u32(ssl_code);
}

void write_startup(std::string& out, std::string_view user, std::string_view database,
                   const std::vector<std::pair<std::string, std::string>>& more) {
  writer message(out);
  message.u32(protocol_3_0).c_string("user").c_string(user);
  if (!database.empty()) message.c_string("database").c_string(database);
  for (const auto& [name, value] : more) message.c_string(name).c_string(value);
  message.u8(0);
}

void write_cancel_request(std::string& out, const backend_key_message& key) {
  writer(out).u32(cancel_code).u32(key.process).bytes(key.secret.bytes());
}

void write_query(std::string& out, std::string_view sql) {
  writer(out, frontend::query).c_string(sql);
}

void write_parse(std::string& out, std::string_view name, std::string_view query, std::string_view parameter_types) {
  writer(out, frontend::parse).c_string(name).c_string(query).bytes(parameter_types);
}

void write_bind(std::string& out, std::string_view portal, std::string_view statement) {
  writer(out, frontend::bind).c_string(portal).c_string(statement).u16(0).u16(0).u16(0);
}

void write_execute(std::string& out, std::string_view portal) {
  writer(out, frontend::execute).c_string(portal).u32(0);
}

void write_target(std::string& out, char message, char kind, std::string_view name) {
  writer(out, message).u8(static_cast<std::uint8_t>(kind)).c_string(name);
}

void write_empty(std::string& out, char type) {
  writer(out, type);
}

void write_password(std::string& out, std::string_view secret) {
  writer(out, frontend::password).c_string(secret);
}

void write_sasl_initial_response(std::string& out, std::string_view mechanism, std::string_view data) {
  writer(out, frontend::password).c_string(mechanism).u32(static_cast<std::uint32_t>(data.size())).bytes(data);
}

void write_sasl_response(std::string& out, std::string_view data) {
  writer(out, frontend::password).bytes(data);
}

void write_authentication_ok(std::string& out) {
  write_authentication(out, authentication_code::ok, {});
}

void write_authentication_cleartext(std::string& out) {
  write_authentication(out, authentication_code::cleartext, {});
}

void write_authentication_md5(std::string& out, std::span<const std::uint8_t> salt) {
  write_authentication(out, authentication_code::md5, {reinterpret_cast<const char*>(salt.data()), salt.size()});
}

void write_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms) {
  writer message(out, backend::authentication);
  message.u32(static_cast<std::uint32_t>(authentication_code::sasl));
  for (const auto each : mechanisms) message.c_string(each);
  message.u8(0);
}

void write_authentication_sasl_continue(std::string& out, std::string_view data) {
  write_authentication(out, authentication_code::sasl_continue, data);
}

void write_authentication_sasl_final(std::string& out, std::string_view data) {
  write_authentication(out, authentication_code::sasl_final, data);
}

void write_backend_key(std::string& out, const backend_key_message& key) {
  writer(out, backend::backend_key_data).u32(key.process).bytes(key.secret.bytes());
}

void write_parameter_status(std::string& out, std::string_view name, std::string_view value) {
  writer(out, backend::parameter_status).c_string(name).c_string(value);
}

void write_ready_for_query(std::string& out, transaction_status status) {
  writer(out, backend::ready_for_query).u8(static_cast<std::uint8_t>(status));
}

void write_command_complete(std::string& out, std::string_view tag) {
  writer(out, backend::command_complete).c_string(tag);
}

void write_text_row_description(std::string& out, std::string_view column) {
  constexpr std::uint16_t variable_size = 0xFFFF;
  constexpr std::uint32_t no_modifier = 0xFFFFFFFF;
  writer(out, backend::row_description)
      .u16(1)
      .c_string(column)
      .u32(0)
      .u16(0)
      .u32(text_oid)
      .u16(variable_size)
      .u32(no_modifier)
      .u16(0);
}

void write_text_row(std::string& out, std::string_view value) {
  writer(out, backend::data_row).u16(1).u32(static_cast<std::uint32_t>(value.size())).bytes(value);
}

void write_negotiate_protocol_version(std::string& out, std::uint32_t minor, const std::string_view* options,
                                      std::size_t count) {
  writer message(out, backend::negotiate_protocol_version);
  message.u32(protocol_3_0 + minor).u32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) message.c_string(options[i]);
}

}  // namespace highwater::wire
