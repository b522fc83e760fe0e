#include "proxy/wire/errors.hpp"

#include "proxy/wire/bytes.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::wire {

namespace {

std::string_view name_of(severity how) noexcept {
  switch (how) {
    case severity::error:
      return "ERROR";
    case severity::fatal:
      return "FATAL";
    case severity::notice:
      return "NOTICE";
    case severity::warning:
      return "WARNING";
  }
  return "ERROR";
}

void write_report(std::string& out, char type, severity how, const error& what) {
  writer message(out, type);
  const auto field = [&](char code, std::string_view text) {
    if (!text.empty()) message.u8(static_cast<std::uint8_t>(code)).c_string(text);
  };
  field('S', name_of(how));
  field('V', name_of(how));
  field('C', what.code);
  field('M', what.message);
  field('D', what.detail);
  field('H', what.hint);
  field('R', what.routine);
  message.u8(0);
}

}  // namespace

void write_error(std::string& out, severity how, const error& what) {
  write_report(out, backend::error_response, how, what);
}

void write_notice(std::string& out, severity how, const error& what) {
  write_report(out, backend::notice_response, how, what);
}

std::optional<error_fields> read_error(std::string_view body) noexcept {
  reader in(body);
  error_fields fields;
  fields.body = body;
  while (in.ok()) {
    const char code = static_cast<char>(in.u8());
    if (code == 0) return in.ok() ? std::optional(fields) : std::nullopt;
    const auto text = in.c_string();
    if (code == 'V') fields.severity = text;
    if (code == 'C') fields.code = text;
    if (code == 'M') fields.message = text;
    if (code == 'R') fields.routine = text;
  }
  return std::nullopt;
}

namespace {

// Messages come in the language of lc_messages, the names of the routines that raise them (PostgreSQL 15) do not.
// ProcessInterrupts raises 40001 for nothing else; its 57014 may also be the user's own request.
bool is_recovery_conflict(const error_fields& fields) noexcept {
  return (fields.code == sqlstate::serialization_failure && fields.routine == "ProcessInterrupts") ||
         (fields.code == sqlstate::deadlock_detected && fields.routine == "CheckRecoveryConflictDeadlock");
}

// What is said about names, types and rights is said by the catalogue: class 42 (syntax error or access rule violation)
// but for the syntax, a schema that does not exist, and a value that an enum does not have.
bool is_said_by_catalogue(const error_fields& fields) noexcept {
  constexpr std::string_view syntax_error = "42601", invalid_schema_name = "3F000", invalid_text = "22P02";
  if (fields.code == invalid_text) return fields.routine == "enum_in" || fields.routine == "enum_recv";
  return fields.code == invalid_schema_name || (fields.code.starts_with("42") && fields.code != syntax_error);
}

}  // namespace

bool is_stale_plan(const error_fields& fields) noexcept {
  return fields.code == sqlstate::feature_not_supported &&
         (fields.routine == "RevalidateCachedQuery" || fields.message.starts_with("cached plan"));
}

replica_refusal refusal_of(const error_fields& fields) noexcept {
  if (fields.code == sqlstate::read_only_sql_transaction) return replica_refusal::read_only;
  if (is_recovery_conflict(fields)) return replica_refusal::recovery_conflict;
  if (ends_connection(fields)) return replica_refusal::shutdown;
  if (is_said_by_catalogue(fields)) return replica_refusal::behind_ddl;
  // "cannot access temporary or unlogged relations during recovery", "... in a hot standby", and
  // "recovery is in progress" of functions that need a primary: no SQLSTATE of their own.
  const bool speaks_of_recovery = fields.message.find("recovery") != std::string_view::npos ||
                                  fields.message.find("hot standby") != std::string_view::npos;
  if (!speaks_of_recovery) return replica_refusal::none;
  if (fields.code == sqlstate::serialization_failure || fields.code == sqlstate::query_canceled) {
    return replica_refusal::recovery_conflict;
  }
  constexpr std::string_view object_not_in_prerequisite_state = "55000";
  if (fields.code == sqlstate::feature_not_supported || fields.code == object_not_in_prerequisite_state ||
      fields.code == sqlstate::internal_error) {
    return replica_refusal::read_only;
  }
  return replica_refusal::none;
}

}  // namespace highwater::wire
