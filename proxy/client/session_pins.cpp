#include "proxy/client/session_pins.hpp"

#include <algorithm>
#include <utility>

#include "proxy/wire/bytes.hpp"

namespace highwater::proxy {

using sql::pin_reason;

namespace {

// What tells whether a reason still stands, and the command tags (their beginnings) that may have ended it. A reason
// that is not here lasts as long as the connection.
struct question {
  pin_reason why;
  std::string_view stands;  // an SQL expression
  std::string_view ended_by;
};
constexpr question questions[] = {
    {pin_reason::hold_cursor, "EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)", "CLOSE CURSOR"},
    {pin_reason::listen, "EXISTS (SELECT FROM pg_catalog.pg_listening_channels())", "UNLISTEN"},
    {pin_reason::advisory_lock,
     "EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid())", ""},
    {pin_reason::temporary_table,
     "EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema())"
     " OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace = pg_catalog.pg_my_temp_schema())"
     " OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.pg_my_temp_schema())",
     "DROP "},
    {pin_reason::prepared_statement, "EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)",
     "DEALLOCATE"},
};

}  // namespace

bool session_pins::add(pin_reason why) noexcept {
  fresh_ |= bit(why);
  return std::exchange(reasons_, reasons_ | bit(why)) != reasons_;
}

void session_pins::done(std::string_view command_tag) noexcept {
  if (reasons_ == 0) return;
  for (const auto& each : questions) {
    if (!each.ended_by.empty() && command_tag.starts_with(each.ended_by)) may_have_ended(each.why);
  }
  if (command_tag == "DISCARD TEMP") may_have_ended(pin_reason::temporary_table);
}

void session_pins::transaction_over(bool undone, bool committed) noexcept {
  const auto fresh = std::exchange(fresh_, 0);
  if (undone) doubted_ |= fresh & reasons_;
  // ON COMMIT DROP.
  if (committed) doubted_ |= fresh & reasons_ & bit(pin_reason::temporary_table);
}

std::string session_pins::inquiry() const {
  if (doubted_ == 0) return {};
  std::string sql;
  auto left = reasons_;
  for (const auto& each : questions) {
    if (!has(each.why)) continue;
    sql.append(sql.empty() ? "SELECT " : ", ").append(each.stands);
    left &= ~bit(each.why);
  }
  return left == 0 ? sql : std::string();
}

void session_pins::answered(std::string_view row) noexcept {
  doubted_ = 0;
  auto still = reasons_;
  wire::reader fields(row);
  fields.u16();  // how many there are
  for (const auto& each : questions) {
    if (!has(each.why)) continue;
    if (fields.take(fields.u32()) == "f") still &= ~bit(each.why);
  }
  if (fields.done()) reasons_ = still;
}

}  // namespace highwater::proxy
