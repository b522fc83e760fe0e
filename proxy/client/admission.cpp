#include "proxy/client/admission.hpp"

#include "routing/placement.hpp"

namespace highwater::proxy {

using sql::statement_kind;

namespace {

wire::error misplaced() {
  return {std::string(wire::sqlstate::feature_not_supported),
          "highwater.* can only be set and shown by a SET, RESET or SHOW that is sent alone", "",
          "Send it with nothing else in its message and before the next Sync, or set the level when connecting: "
          "options=-chighwater.level=LEVEL."};
}

// The replica was fresh enough for the transaction that ends, and nothing is known of the next.
wire::error chained() {
  return {std::string(wire::sqlstate::feature_not_supported),
          "AND CHAIN cannot follow a read-only transaction that runs on a replica", "",
          "End the transaction, and begin the next one by itself."};
}

wire::error not_ended_by_sync() {
  return {std::string(wire::sqlstate::feature_not_supported),
          "a read-only transaction that runs on a replica has to be ended by a Sync", "",
          "Send a Sync behind its COMMIT or ROLLBACK."};
}

wire::error makes_state() {
  return {std::string(wire::sqlstate::read_only_sql_transaction),
          "session state cannot be made in a read-only transaction that runs on a replica", "",
          "Begin the transaction without READ ONLY, and it runs on the primary."};
}

wire::error takes_lock() {
  return {std::string(wire::sqlstate::read_only_sql_transaction),
          "an advisory lock cannot be taken in a read-only transaction that runs on a replica",
          "It would hold on that replica only.",
          "Begin the transaction without READ ONLY, or with /* highwater: level=primary */, and it runs on the "
          "primary."};
}

// In the order in which PostgreSQL would come to them.
std::optional<wire::error> refusal_on_replica(const batch_facts& facts, const standing& session) {
  if (!session.leased || !session.on_replica || !facts.executes) return std::nullopt;
  if (facts.any([](const auto& one) { return one.chains; })) return chained();
  if (session.open && session.ends) return not_ended_by_sync();
  return std::nullopt;
}

std::optional<wire::error> state_on_replica(const batch_facts& facts, const standing& session) {
  if (!session.leased || !session.on_replica || !facts.executes) return std::nullopt;
  const auto pins = [&](const sql::statement& one) {
    return one.pin != sql::pin_reason::none && !(one.prepares_read && session.in_read_only);
  };
  if (facts.calls_unknown || facts.any(pins)) return makes_state();
  if (facts.any([](const auto& one) { return one.takes_lock; })) return takes_lock();
  return std::nullopt;
}

}  // namespace

std::optional<wire::error> refusal(const batch_facts& facts, const standing& session) {
  const bool mixed = facts.kind != statement_kind::internal;
  const auto is_misplaced = [&](const sql::statement& one) {
    return one.misplaced_internal || (mixed && one.kind == statement_kind::internal);
  };
  if (facts.any(is_misplaced)) return misplaced();
  if (auto why = too_much_prepared(facts.named_bytes, session)) return why;
  if (auto why = refusal_on_replica(facts, session)) return why;
  for (const auto& [statement, hint] : facts.statements) {
    if (!hint || statement->kind == statement_kind::commit) continue;
    if (auto why = asked_too_late(*hint, session)) return why;
  }
  return state_on_replica(facts, session);
}

std::optional<wire::error> too_much_prepared(std::size_t more, const standing& session) {
  if (more == 0 || session.prepared_bytes + more <= session.most_prepared_bytes) return std::nullopt;
  return wire::error{std::string(wire::sqlstate::program_limit_exceeded),
                     "the prepared statements of this session take too much memory",
                     "Their texts and names may take " + std::to_string(session.most_prepared_bytes) + " bytes.",
                     "Close those that are not used any more (DEALLOCATE), or raise limits.max_prepared_bytes."};
}

std::optional<wire::error> asked_too_late(config::level level, const standing& session) {
  if (!session.leased || !session.on_replica || !session.in_read_only) return std::nullopt;
  const auto given = session.looked_at.level;
  if (!routing::asks_for_more(level, given)) return std::nullopt;
  const auto name = std::string(config::to_string(level));
  return wire::error{
      std::string(wire::sqlstate::active_sql_transaction),
      "level " + name + " must be asked for before any query of a read-only transaction",
      "The transaction runs on a replica that is fresh enough for level " + std::string(config::to_string(given)) + ".",
      "Say /* highwater: level=" + name + " */ in its BEGIN, or set highwater.level before it."};
}

namespace detail {

std::optional<bool> may_join(const batch_facts& facts, const standing& session) {
  if (session.copying || facts.kind == statement_kind::internal) return false;
  // Which names there will be is not known until the answer is there, for which a Flush has been sent.
  if (session.decides_names) return false;
  // Behind what no Sync has ended there is nothing to wait for: the answers may come only after this.
  if (session.open) return true;
  // Nor is what the session's state will be.
  if (facts.ends_names() || session.settings_pending || refusal(facts, session)) return false;
  // Behind what may end a transaction on a replica, the replica has to be chosen anew.
  if (session.on_replica && !session.only_reads) return false;
  // A failure there would make the server skip this too, if it were asked as the client has asked.
  if (session.hidden_sync) return false;
  return std::nullopt;
}

bool follows(const batch_facts& facts, const standing& session, const demand& asked) {
  routing::lease_traits lease;
  lease.on_primary = !session.on_replica;
  lease.bound = session.bound;
  lease.stale = session.stale;
  lease.shown = asked.shown;
  return routing::may_follow(facts.kind, asked.need, session.looked_at, lease);
}

}  // namespace detail
}  // namespace highwater::proxy
