#include "proxy/wire/errors.hpp"

#include <gtest/gtest.h>

#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::wire {
namespace {

using namespace std::string_view_literals;

std::string_view body_of(std::string_view message) {
  frame found;
  return peek_frame(message, 10'000, found) == frame_status::ok && found.complete() ? found.body() : "";
}

TEST(write_error, says_everything_that_is_known) {
  std::string out;
  write_error(out, severity::fatal, {"57P03", "no primary", "since noon", "wait"});
  EXPECT_EQ(out[0], 'E');
  EXPECT_EQ(body_of(out), "SFATAL\0VFATAL\0C57P03\0Mno primary\0Dsince noon\0Hwait\0\0"sv);
}

TEST(write_error, leaves_out_what_is_not) {
  std::string out;
  write_error(out, severity::error, {"42704", "what?", "", ""});
  EXPECT_EQ(body_of(out), "SERROR\0VERROR\0C42704\0Mwhat?\0\0"sv);
}

TEST(write_notice, is_no_error) {
  std::string out;
  write_notice(out, severity::warning, {"01000", "careful", "", ""});
  EXPECT_EQ(out[0], 'N');
  EXPECT_EQ(body_of(out), "SWARNING\0VWARNING\0C01000\0Mcareful\0\0"sv);
}

TEST(read_error, finds_the_fields_in_any_order) {
  const auto fields = read_error("Mmessage\0RRoutine\0C40001\0SFEHLER\0VERROR\0L12\0\0"sv);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->severity, "ERROR");
  EXPECT_EQ(fields->code, "40001");
  EXPECT_EQ(fields->message, "message");
  EXPECT_EQ(fields->routine, "Routine");
}

TEST(read_error, accepts_one_without_fields) {
  const auto fields = read_error("\0"sv);
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->code, "");
}

TEST(read_error, refuses_what_has_no_end) {
  for (const auto body : {""sv, "C40001"sv, "C40001\0"sv, "C40001\0M"sv}) EXPECT_FALSE(read_error(body)) << body;
}

TEST(refusal_of, tells_a_replicas_verdict_from_a_statements_own_error) {
  using enum replica_refusal;
  struct row {
    const char *code, *message;
    replica_refusal expected;
  };
  const row rows[] = {
      {"25006", "cannot execute INSERT in a read-only transaction", read_only},
      {"25006", "cannot execute nextval() in a read-only transaction", read_only},
      {"55000", "recovery is in progress", read_only},
      {"0A000", "cannot access temporary or unlogged relations during recovery", read_only},
      {"0A000", "cannot use serializable mode in a hot standby", read_only},
      {"40001", "canceling statement due to conflict with recovery", recovery_conflict},
      {"57014", "canceling statement due to conflict with recovery", recovery_conflict},
      {"40001", "terminating connection due to conflict with recovery", recovery_conflict},
      {"40001", "could not serialize access due to concurrent update", none},
      {"57014", "canceling statement due to user request", none},
      {"57014", "canceling statement due to statement timeout", none},
      {"55000", "currval of sequence is not yet defined in this session", none},
      {"0A000", "cross-database references are not implemented", none},
      {"42P01", "relation \"recovery\" does not exist", behind_ddl},
      {"42703", "column \"x\" does not exist", behind_ddl},
      {"42883", "function f() does not exist", behind_ddl},
      {"42704", "type \"x\" does not exist", behind_ddl},
      {"3F000", "schema \"x\" does not exist", behind_ddl},
      {"42501", "permission denied for table t", behind_ddl},
      {"42601", "syntax error at or near \"x\"", none},
      {"22P02", "invalid input syntax for type integer: \"x\"", none},
      {"22012", "division by zero", none},
      {"", "", none},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(static_cast<int>(refusal_of({"ERROR", each.code, each.message, ""})), static_cast<int>(each.expected))
        << each.code << " " << each.message;
  }
}

TEST(refusal_of, knows_that_a_value_of_an_enum_may_be_new) {
  const std::string_view what = "invalid input value for enum state: \"x\"";
  EXPECT_EQ(refusal_of({"ERROR", "22P02", what, "enum_in"}), replica_refusal::behind_ddl);
  EXPECT_EQ(refusal_of({"ERROR", "22P02", what, "pg_strtoint32"}), replica_refusal::none);
}

TEST(refusal_of, takes_the_end_of_the_connection_for_one) {
  using enum replica_refusal;
  for (const char* severity : {"FATAL", "PANIC"}) {
    EXPECT_EQ(refusal_of({severity, "57P01", "terminating connection due to administrator command", ""}), shutdown);
    EXPECT_EQ(refusal_of({severity, "57P01", "terminating connection due to unexpected postmaster exit", ""}),
              shutdown);
    EXPECT_EQ(
        refusal_of({severity, "40001", "terminating connection due to conflict with recovery", "ProcessInterrupts"}),
        recovery_conflict);
  }
}

TEST(refusal_of, knows_a_recovery_conflict_in_any_language) {
  using enum replica_refusal;
  struct row {
    const char *code, *message, *routine;
    replica_refusal expected;
  };
  const char* const conflict = "storniere Anfrage wegen Konflikt mit der Wiederherstellung";
  const row rows[] = {
      {"40001", conflict, "ProcessInterrupts", recovery_conflict},
      {"40P01", conflict, "CheckRecoveryConflictDeadlock", recovery_conflict},
      {"40P01", "canceling statement due to conflict with recovery", "CheckRecoveryConflictDeadlock",
       recovery_conflict},
      {"57014", "canceling statement due to conflict with recovery", "ProcessInterrupts", recovery_conflict},
      {"57014", "storniere Anfrage wegen Benutzeraufforderung", "ProcessInterrupts", none},
      {"57014", "canceling statement due to user request", "ProcessInterrupts", none},
      {"57P04", conflict, "ProcessInterrupts", none},
      {"40001", "could not serialize access due to read/write dependencies among transactions",
       "OnConflict_CheckForSerializationFailure", none},
      {"40P01", "deadlock detected", "DeadLockReport", none},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(static_cast<int>(refusal_of({"ERROR", each.code, each.message, each.routine})),
              static_cast<int>(each.expected))
        << each.code << " " << each.message << " " << each.routine;
  }
}

}  // namespace
}  // namespace highwater::wire
