#include "routing/placement.hpp"

namespace highwater::routing {

sql::statement_kind together(std::optional<sql::statement_kind> before, sql::statement_kind next) noexcept {
  using enum sql::statement_kind;
  if (!before || *before == empty) return next;
  if (next == empty) return *before;
  if (*before == next && (next == read || next == internal)) return next;
  // A transaction that only reads may begin in one message and read in the next.
  if (*before == begin_read_only && (next == read || next == neutral)) return begin_read_only;
  const auto stays = [](sql::statement_kind kind) { return kind == read || kind == neutral; };
  return stays(*before) && stays(next) ? neutral : write;
}

bool belongs_with_reads(sql::statement_kind kind, const sql::statement* first, const session_traits& session) noexcept {
  using enum sql::statement_kind;
  if (kind == write || session.stays_on_primary || session.serializable) return false;
  if (session.begun) return *session.begun;
  if (kind == read || kind == begin_read_only) return true;
  const bool plain_begin = kind == begin && first != nullptr && !first->read_only && !first->serializable;
  return plain_begin && session.read_only_by_default;
}

bool may_follow(sql::statement_kind kind, const requirement& need, const requirement& looked_at,
                const lease_traits& lease) noexcept {
  if (kind == sql::statement_kind::internal) return false;
  if (lease.bound) return true;
  // The gate was looked at for the first batch, which may have minded less, or before others were told of more.
  if (lease.on_primary) return lease.shown;
  if (kind != sql::statement_kind::read || lease.stale) return false;
  // Nothing was written since the replica was chosen, and it was held against as much then.
  return stays_fresh(need.level) && !need.bounded() && join(need.level, looked_at.level) == looked_at.level;
}

}  // namespace highwater::routing
