#include "proxy/client/failing_bind.hpp"

#include "proxy/client/preparation.hpp"

namespace highwater::proxy {

namespace {

// In a transaction that has failed, servers take nothing else than what ends it, or goes back to a savepoint; by
// itself, not by an EXECUTE (IsTransactionExitStmt() in PostgreSQL).
bool may_end_failure(const sql::statement& what) {
  using enum sql::write_reason;
  using enum sql::statement_kind;
  if (what.executes || what.deallocates || what.kind == begin || what.kind == begin_read_only) return false;
  const bool unclear = what.reason == transaction || what.reason == parse_failed || what.reason == too_long;
  return what.ends_transaction || unclear || (what.kind != read && what.kind != write);
}

bool in_failed_transaction(const writing& about) {
  // A stream's messages have not been looked at.
  if (about.under_way.streaming || about.facts.any(may_end_failure)) return false;
  if (about.client.transaction.failed()) return true;
  const auto& server = about.server();
  return server.status() == wire::transaction_status::failed && !server.owes() && !server.is_open();
}

const description_ptr& told_of(const named_statement& known) noexcept {
  return known.told ? known.told : known.what->described;
}

}  // namespace

std::optional<std::string_view> parameter_types_of(const named_statement& known) noexcept {
  // Of EXECUTE, servers look at no more than what the client has said.
  if (known.what->names_others) return known.what->parameter_types;
  const auto& told = told_of(known);
  return told ? std::optional<std::string_view>(told->parameter_types) : std::nullopt;
}

bool supplies_wrong_number(const named_statement& known, std::string_view bind) noexcept {
  const auto types = parameter_types_of(known);
  const auto count = wire::read_bind_count(bind);
  return types && count && *count != types->size() / 4;
}

failing_bind::failing_bind(const writing& about)
    : about_(about), in_failed_transaction_(in_failed_transaction(about)) {}

std::optional<std::string_view> failing_bind::stands_in(std::string_view name, const named_statement& known,
                                                        std::string_view bind) const {
  const bool wrong_number = supplies_wrong_number(known, bind);
  if (!wrong_number && !in_failed_transaction_) return std::nullopt;
  const bool means_itself = is_there(name, known) && (!wrong_number || name.empty());
  if (means_itself) return std::nullopt;
  const auto types = parameter_types_of(known);
  // Nobody has asked what it takes; it seems to be nothing.
  const bool takes_none = !types && wire::read_bind_count(bind) == 0U;
  return takes_none ? no_parameters : types;
}

// ... and is what the client was told of: else it would be prepared anew.
bool failing_bind::is_there(std::string_view name, const named_statement& known) const {
  auto& server = about_.server();
  const auto id = known.what->id;
  const bool there = name.empty() ? server.unnamed() == id : server.statements().knows(id);
  return there && !preparation::differ(server.described_as(id, name.empty()), told_of(known));
}

}  // namespace highwater::proxy
