#pragma once

// The protocol's vocabulary: what Highwater itself has to read and write. Message names are those of the PostgreSQL
// manual. Everything else passes through unread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/wire/bytes.hpp"
#include "proxy/wire/cancel_secret.hpp"

namespace highwater::wire {

// From the client.
namespace frontend {
inline constexpr char bind = 'B', close = 'C', describe = 'D', execute = 'E', function_call = 'F', flush = 'H',
                      parse = 'P', query = 'Q', sync = 'S', terminate = 'X', copy_data = 'd', copy_done = 'c',
                      copy_fail = 'f', password = 'p';
}  // namespace frontend

// From the server.
namespace backend {
inline constexpr char authentication = 'R', backend_key_data = 'K', bind_complete = '2', close_complete = '3',
                      command_complete = 'C', copy_in_response = 'G', copy_out_response = 'H', copy_both_response = 'W',
                      copy_data = 'd', copy_done = 'c', data_row = 'D', empty_query_response = 'I',
                      error_response = 'E', function_call_response = 'V', negotiate_protocol_version = 'v',
                      no_data = 'n', notice_response = 'N', notification_response = 'A', parameter_description = 't',
                      parameter_status = 'S', parse_complete = '1', portal_suspended = 's', ready_for_query = 'Z',
                      row_description = 'T';
}  // namespace backend

// ReadyForQuery's byte.
enum class transaction_status : char { idle = 'I', in_transaction = 'T', failed = 'E' };
std::optional<transaction_status> to_transaction_status(char byte) noexcept;

struct parse_message {
  std::string_view name;
  std::string_view query;
  std::string_view parameter_types;  // count and OIDs, as they came
};
std::optional<parse_message> read_parse(std::string_view body) noexcept;

// The names at the start of a Bind; what follows them is passed on unread.
struct bind_names {
  std::string_view portal;
  std::string_view statement;
  std::size_t size = 0;  // bytes of the body that the names take
};
std::optional<bind_names> read_bind_names(std::string_view body) noexcept;
// How many parameters a Bind supplies. None if its end is missing.
std::optional<std::uint16_t> read_bind_count(std::string_view body) noexcept;

// Describe and Close name a statement ('S') or a portal ('P').
struct target_message {
  char kind = 0;
  std::string_view name;
};
std::optional<target_message> read_target(std::string_view body) noexcept;

struct execute_message {
  std::string_view portal;
  std::uint32_t max_rows = 0;
};
std::optional<execute_message> read_execute(std::string_view body) noexcept;

// The OID of the function that a FunctionCall is for.
std::optional<std::uint32_t> read_function_call(std::string_view body) noexcept;

// Query's and CommandComplete's only string.
std::optional<std::string_view> read_single_string(std::string_view body) noexcept;

struct parameter_status_message {
  std::string_view name;
  std::string_view value;
};
std::optional<parameter_status_message> read_parameter_status(std::string_view body) noexcept;

struct backend_key_message {
  std::uint32_t process = 0;
  cancel_secret secret;
};
// Of a server, with which 3.0 is spoken: four bytes of secret, and no others.
std::optional<backend_key_message> read_backend_key(std::string_view body) noexcept;
// Of a client that asks to cancel, behind the code: four bytes to 256.
std::optional<backend_key_message> read_cancel_key(std::string_view body) noexcept;

void write_ssl_request(std::string& out);
// An empty database: none is named.
void write_startup(std::string& out, std::string_view user, std::string_view database,
                   const std::vector<std::pair<std::string, std::string>>& more = {});
void write_cancel_request(std::string& out, const backend_key_message& key);
void write_query(std::string& out, std::string_view sql);
void write_parse(std::string& out, std::string_view name, std::string_view query, std::string_view parameter_types);
void write_bind(std::string& out, std::string_view portal, std::string_view statement);  // without parameters; as text
void write_execute(std::string& out, std::string_view portal);                           // to its end
void write_target(std::string& out, char message, char kind, std::string_view name);
void write_empty(std::string& out,
                 char type);  // Sync, Flush, Terminate, ParseComplete, CloseComplete, BindComplete, ...
void write_password(std::string& out, std::string_view secret);
void write_sasl_initial_response(std::string& out, std::string_view mechanism, std::string_view data);
void write_sasl_response(std::string& out, std::string_view data);

void write_authentication_ok(std::string& out);
void write_authentication_cleartext(std::string& out);
void write_authentication_md5(std::string& out, std::span<const std::uint8_t> salt);
void write_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms);
void write_authentication_sasl_continue(std::string& out, std::string_view data);
void write_authentication_sasl_final(std::string& out, std::string_view data);
void write_backend_key(std::string& out, const backend_key_message& key);
void write_parameter_status(std::string& out, std::string_view name, std::string_view value);
void write_ready_for_query(std::string& out, transaction_status status);
void write_command_complete(std::string& out, std::string_view tag);
void write_text_row_description(std::string& out, std::string_view column);  // one column of type text
void write_text_row(std::string& out, std::string_view value);
// Says that 3.`minor` will be spoken, and lists the `_pq_.` options that were not understood. The manual speaks of the
// minor version; servers send, and libpq reads, the whole number.
void write_negotiate_protocol_version(std::string& out, std::uint32_t minor, const std::string_view* options,
                                      std::size_t count);

}  // namespace highwater::wire
