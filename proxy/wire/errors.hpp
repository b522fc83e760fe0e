#pragma once

// ErrorResponse and NoticeResponse: made for clients, and read where a server's verdict matters.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/enum_names.hpp"

namespace highwater::wire {

// The SQLSTATEs that Highwater itself answers with, or acts upon. Appendix A of the PostgreSQL manual.
namespace sqlstate {
inline constexpr std::string_view connection_rejected = "08004";
inline constexpr std::string_view connection_failure = "08006";
inline constexpr std::string_view protocol_violation = "08P01";
inline constexpr std::string_view feature_not_supported = "0A000";
inline constexpr std::string_view invalid_parameter_value = "22023";
inline constexpr std::string_view active_sql_transaction = "25001";
inline constexpr std::string_view read_only_sql_transaction = "25006";
inline constexpr std::string_view idle_in_transaction_timeout = "25P03";
inline constexpr std::string_view transaction_timeout = "25P04";
inline constexpr std::string_view invalid_statement_name = "26000";
inline constexpr std::string_view invalid_authorization = "28000";
inline constexpr std::string_view invalid_password = "28P01";
inline constexpr std::string_view serialization_failure = "40001";
inline constexpr std::string_view deadlock_detected = "40P01";
inline constexpr std::string_view syntax_error = "42601";
inline constexpr std::string_view name_too_long = "42622";
inline constexpr std::string_view duplicate_statement = "42P05";
inline constexpr std::string_view undefined_object = "42704";
inline constexpr std::string_view too_many_connections = "53300";
inline constexpr std::string_view program_limit_exceeded = "54000";
inline constexpr std::string_view query_canceled = "57014";
inline constexpr std::string_view admin_shutdown = "57P01";
inline constexpr std::string_view cannot_connect_now = "57P03";
inline constexpr std::string_view idle_session_timeout = "57P05";
inline constexpr std::string_view internal_error = "XX000";
}  // namespace sqlstate

enum class severity : unsigned char { error, fatal, notice, warning };

// Why there is an error, for who counts them or decides upon them; the SQLSTATE is the client's.
//   refused      Highwater's own verdict on what was asked
//   credentials  who somebody says to be was not believed
//   protocol     what was sent is not the protocol
//   timeout      something has taken too long
//   server       a server's own words
//   unavailable  there is no server to ask, or it has gone
enum class error_cause : std::uint8_t { refused, credentials, protocol, timeout, server, unavailable };
constexpr std::string_view to_string(error_cause value) noexcept {
  switch (value) {
    using enum error_cause;
    case refused:
      return "refused";
    case credentials:
      return "credentials";
    case protocol:
      return "protocol";
    case timeout:
      return "timeout";
    case server:
      return "server";
    case unavailable:
      return "unavailable";
  }
  return {};
}
inline constexpr std::size_t error_cause_count = count_of<error_cause>();

struct error {
  std::string code;          // SQLSTATE
  std::string message;       // what happened
  std::string detail;        // where, with the facts
  std::string hint;          // what to do
  std::string routine = {};  // where PostgreSQL would have raised it, if clients look at that
  error_cause cause = error_cause::refused;

  friend bool operator==(const error&, const error&) = default;
};

inline error because(error_cause cause, error what) {
  what.cause = cause;
  return what;
}

void write_error(std::string& out, severity how, const error& what);   // ErrorResponse
void write_notice(std::string& out, severity how, const error& what);  // NoticeResponse

// The fields of a received ErrorResponse that decisions are taken on; views into the body.
struct error_fields {
  std::string_view severity;  // not localised ('V', servers since 9.6)
  std::string_view code;
  std::string_view message;    // in the language of the server's lc_messages
  std::string_view routine;    // of the server's source
  std::string_view body = {};  // the whole message, without its header
};
std::optional<error_fields> read_error(std::string_view body) noexcept;

// A server's error, handed on.
inline error as_said(const error_fields& fields) {
  return because(error_cause::server, {std::string(fields.code), std::string(fields.message), "", ""});
}

// Behind such an error the server closes the connection.
inline bool ends_connection(const error_fields& fields) noexcept {
  return fields.severity == "FATAL" || fields.severity == "PANIC";
}

// What a prepared statement was analysed for is not what the tables are now, and the server goes on refusing to run it.
bool is_stale_plan(const error_fields& fields) noexcept;

// Rule 15: a replica refused or cancelled the statement for being a replica, or stops being one, so another node may
// run it instead.
//   read_only:          25006, or another error that only recovery mode causes
//   recovery_conflict:  cancelled because replay needed what the query was using
//   shutdown:           the server ends the connection, for whatever other reason
//   behind_ddl:         a name, a type or a right that it does not know, or not yet: the primary has the last word
enum class replica_refusal : unsigned char { none, read_only, recovery_conflict, shutdown, behind_ddl };
replica_refusal refusal_of(const error_fields& fields) noexcept;

}  // namespace highwater::wire
