#include "proxy/client/exchange.hpp"

#include <algorithm>

namespace highwater::proxy {

using sql::pin_reason;

namespace {

// A function of the user's own may set what it likes.
bool may_set(const sql::statement& what) {
  return what.kind == sql::statement_kind::write && what.hidden_relations;
}

// What somebody else may set, by SET ROLE, the session may not be able to set on another connection.
bool needs_other_rights(const sql::statement& what, const client_state& client) {
  const auto is_role = [](const auto& one) { return one.name == "role"; };
  const auto roles = std::ranges::count_if(what.settings, is_role);
  const bool others = static_cast<std::ptrdiff_t>(what.settings.size()) > roles;
  return others && (roles > 0 || find(*client.settings, "role").value_or("none") != "none");
}

// It answers what comes before it, too.
flight with(flight one, const flight& before) noexcept {
  one.writes |= before.writes;
  one.schema |= before.schema;
  one.reads &= before.reads;
  return one;
}

bool searches_temporary_schema(const client_state& client) {
  return find(*client.settings, "search_path").value_or("").find("pg_temp") != std::string_view::npos;
}

}  // namespace

void exchange::begin(server_session& server, server_connection* connection, routing::node_load& load) noexcept {
  server_ = &server;
  connection_ = connection;
  load_ = &load;
  ++load.outstanding;
}

server_connection* exchange::end() noexcept {
  --load_->outstanding;
  unpin();
  held = {};
  stand_ins_.clear();
  server_ = nullptr;
  load_ = nullptr;
  // There is nothing left that a request could hit.
  for (const auto& over : std::exchange(cancel_over, {})) over();
  return std::exchange(connection_, nullptr);
}

bool exchange::outcome_unknown() const noexcept {
  const bool in_block = !server_->idle() || held.begin_unanswered;
  const auto may_be_committed = [&](const flight& one) { return one.writes && (one.ends || !in_block); };
  return std::ranges::any_of(flights, may_be_committed) || (streaming && !in_block);
}

bool exchange::may_have_written() const noexcept {
  return streaming || std::ranges::any_of(flights, &flight::writes);
}

// On a replica only by PREPARE, and only until the transaction is over: see refusal().
void exchange::pin(pin_reason why) {
  const bool first = !held.pins.any();
  if (!held.pins.add(why)) return;
  probe_->pinned(static_cast<std::size_t>(why));
  if (first) probe_->pinned_sessions.add();
}

void exchange::unpin() noexcept {
  if (held.pins.any()) probe_->pinned_sessions.add(-1);
  held.pins.clear();
}

void exchange::note_pinned(routing::instant arrived) noexcept {
  if (!held.pins.any()) held.pinned_since = routing::never;
  if (held.pins.any() && held.pinned_since == routing::never) held.pinned_since = arrived;
}

void exchange::pins_answered(std::string_view row) {
  const bool temporary = held.pins.has(pin_reason::temporary_table);
  held.pins.answered(row);
  // The schema itself stays, until it is discarded.
  if (temporary && !held.pins.has(pin_reason::temporary_table)) server_->soil();
  if (!held.pins.any()) probe_->pinned_sessions.add(-1);
}

bool exchange::schema_change_over() {
  // Else they are of what is still under way.
  if (flights.empty()) touched = {}, logins = {};
  return std::exchange(schema_changed, false);
}

bool exchange::transaction_over() noexcept {
  held.in_read_only = held.settings_unknown = held.wrote = held.unreadable = false;
  const bool undone = std::exchange(held.batch_failed, false) || held.rolled_back;
  held.pins.transaction_over(undone, held.committed);
  return undone;
}

flight exchange::flight_of(const batch_facts& facts, bool deferred, bool retried) const {
  using enum sql::statement_kind;
  const bool by_itself = !deferred && !held.in_read_only && !held.pins.any() && !server_->is_open() && server_->idle();
  const bool behind_reads = !server_->owes() || (!flights.empty() && flights.back().retryable);
  flight one;
  one.ends = facts.any([](const sql::statement& what) {
    return what.ends_transaction || (what.kind == write && what.statement_count != 1);
  });
  one.begins = deferred || facts.any([](const sql::statement& what) {
    return what.kind == begin || what.kind == begin_read_only || what.chains ||
           (what.kind == write && what.statement_count != 1);
  });
  one.writes = !held.on_replica && (facts.may_write() || (one.ends && held.wrote));
  one.reads = !one.ends && (facts.kind == read || facts.kind == begin_read_only || facts.kind == neutral);
  one.retryable = held.on_replica && facts.kind == read && by_itself && !retried && behind_reads;
  one.parses = facts.parses;
  one.no_ready = facts.lacks_sync();
  one.schema = facts.any([](const sql::statement& what) { return what.changes_schema; });
  return one;
}

void exchange::note_effects(const batch_facts& facts, const client_state& client, bool begins, bool lacks_ready,
                            const verdicts& verdict_on) {
  if (facts.unclear) server_->soil();
  if (!facts.executes) return;
  if (facts.calls_unknown) {
    held.settings_unknown = true;
    pin(pin_reason::stateful_function);
  }
  alone = flights.empty() && !begins && !server_->is_open() && !lacks_ready && server_->idle() &&
          facts.statements.size() == 1 && facts.first()->statement_count == 1;
  for (const auto& one : facts.statements) {
    note(*one.statement, client, alone);
    if (one.statement->executes) note_effects_of(client.find_named(one.statement->executes->name), client, verdict_on);
  }
}

void exchange::note_effects_of(const named_statement* prepared, const client_state& client,
                               const verdicts& verdict_on) {
  if (prepared != nullptr) note(*verdict_on(prepared->what->query), client, false);
}

void exchange::note(const sql::statement& what, const client_state& client, bool by_itself) {
  changes.note(what, by_itself);
  if (needs_other_rights(what, client)) pin(pin_reason::session_identity);
  touched.add(what.touches);
  logins.add(what.logins);
  held.settings_unknown |= what.local_settings || what.resets_all_settings || !what.settings.empty();
  // Without a schema of its own, it is made in the first one of the search path.
  const bool creates = what.creates_objects && what.pin == pin_reason::none;
  if (creates && (held.settings_unknown || searches_temporary_schema(client))) pin(pin_reason::temporary_table);
  // In a transaction, or in one text with it, what has got the value has this connection too.
  const bool apart = server_->idle() && !held.begin_unanswered && !server_->is_open();
  if (what.reads_sequences && apart && what.statement_count == 1) pin(pin_reason::sequence_value);
  // Among other statements, it may not be what comes last.
  if (what.discards_all && !by_itself) server_->soil();
  if (what.pin != pin_reason::none) pin(what.pin);
  if (what.releases_locks) held.pins.may_have_ended(pin_reason::advisory_lock);
  // What could not be read may have left anything behind.
  const bool unread = what.reason == sql::write_reason::parse_failed || what.reason == sql::write_reason::too_long;
  if (unread || what.leaves != sql::residue::nothing) server_->soil();
  if (what.leaves == sql::residue::lasting) server_->soil_for_good();
  held.ends_names |= what.deallocates_all || what.deallocates.has_value();
}

void exchange::note_sent(const batch_facts& facts) {
  if (!facts.executes) return;
  held.settings_unknown |= facts.any(may_set);
  held.unreadable |= facts.any([](const sql::statement& one) { return one.changes_reading; });
}

void exchange::take_off(flight one) {
  held.wrote |= one.writes;
  while (!one.no_ready && !flights.empty() && flights.back().no_ready) {
    one = with(one, flights.back());
    flights.drop_back();
  }
  flights.push(one);
}

void exchange::skipped_one() {
  if (flights.empty()) return;
  if (flights.size() == 1) {
    flights.front().no_ready = true;
    return;
  }
  const auto skipped = flights.pop();
  flights.front() = with(flights.front(), skipped);
}

// What is prepared on this connection may name it for as long as that stands: the newest ones are remembered.
void exchange::note_stand_in(statement_id id, std::string_view name) {
  constexpr std::size_t most = 64;
  if (stand_ins_.size() >= most) stand_ins_.erase(stand_ins_.begin());
  stand_ins_.emplace_back(id, name);
}

const std::string* exchange::stands_for(statement_id id) const noexcept {
  const auto found = std::ranges::find(stand_ins_, id, &std::pair<statement_id, std::string>::first);
  return found == stand_ins_.end() ? nullptr : &found->second;
}

void exchange::forget_portals_of_the_past() {
  if (!server_->is_settled() || !server_->idle()) return;
  ending_portals.clear();
  resetting_portals.clear();
}

}  // namespace highwater::proxy
