// What a batch leaves behind in its server connection, and what is done so that nobody else meets it.

#include <algorithm>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using sql::pin_reason;
using wire::reply_kind;

namespace {

// A function of the user's own may set what it likes.
bool may_set(const sql::statement& what) {
  return what.kind == sql::statement_kind::write && what.hidden_relations;
}

}  // namespace

void session::note_batch_effects(bool begins, bool no_ready) {
  const auto& facts = work_->facts;
  if (facts.unclear) server().soil();
  if (!facts.executes) return;
  if (facts.calls_unknown) {
    held_.settings_unknown = true;
    pin(pin_reason::stateful_function);
  }
  work_->alone = !server().owes() && !begins && !server().is_open() && !no_ready && server().idle() &&
                facts.statements.size() == 1 && facts.first()->statement_count == 1;
  for (const auto& one : facts.statements) {
    note_effects(*one.statement, work_->alone);
    if (one.statement->executes) note_effects_of(find_named(one.statement->executes->name));
  }
}

// What a statement of the client's does that is run by its name, where nobody has looked at it for that.
void session::note_effects_of(const named_statement* prepared) {
  if (prepared != nullptr) note_effects(*verdict_on(prepared->what->query), false);
}

// When it has been sent.
void session::note_what_follows(const flight& one) {
  const auto& facts = work_->facts;
  if (!facts.executes) return;
  if (one.writes) server().written_by(identity());
  // What its functions set, only what comes behind it meets.
  held_.settings_unknown |= std::any_of(facts.statements.begin(), facts.statements.end(),
                                        [](const auto& text) { return may_set(*text.statement); });
  held_.unreadable |= std::any_of(facts.statements.begin(), facts.statements.end(),
                                  [](const auto& text) { return text.statement->changes_reading; });
}

void session::note_effects(const sql::statement& what, bool alone) {
  work_->changes.note(what, alone);
  if (needs_other_rights(what)) pin(pin_reason::session_identity);
  work_->touched.add(what.touches);
  work_->logins.add(what.logins);
  held_.settings_unknown |= what.local_settings || what.resets_all_settings || !what.settings.empty();
  // Without a schema of its own, it is made in the first one of the search path.
  if (what.creates_objects && what.pin == pin_reason::none && (held_.settings_unknown || searches_temporary_schema()))
    pin(pin_reason::temporary_table);
  // In a transaction, or in one text with it, what has got the value has this connection too.
  const bool apart = server().idle() && !held_.begin_unanswered && !server().is_open();
  if (what.reads_sequences && apart && what.statement_count == 1) pin(pin_reason::sequence_value);
  // Among other statements, it may not be what comes last.
  if (what.discards_all && !alone) server().soil();
  if (what.pin != pin_reason::none) pin(what.pin);
  if (what.releases_locks) held_.pins.may_have_ended(pin_reason::advisory_lock);
  // What could not be read may have left anything behind.
  const bool unread = what.reason == sql::write_reason::parse_failed || what.reason == sql::write_reason::too_long;
  if (unread || what.leaves != sql::residue::nothing) server().soil();
  if (what.leaves == sql::residue::lasting) server().soil_for_good();
  held_.ends_names |= what.deallocates_all || what.deallocates.has_value();
}

// Never on a replica, whose transactions are not allowed to make such state: see refusal().
void session::pin(pin_reason why) {
  const bool first = !held_.pins.any();
  if (!held_.pins.add(why)) return;
  worker_.probe.pinned(static_cast<std::size_t>(why));
  if (first) worker_.probe.pinned_sessions.add();
}

// What somebody else may set, by SET ROLE, the session may not be able to set on another connection.
bool session::needs_other_rights(const sql::statement& what) const {
  const auto is_role = [](const auto& one) { return one.name == "role"; };
  const auto roles = std::ranges::count_if(what.settings, is_role);
  const bool others = static_cast<std::ptrdiff_t>(what.settings.size()) > roles;
  return others && (roles > 0 || find(*settings_, "role"));
}

bool session::searches_temporary_schema() const {
  return find(*settings_, "search_path").value_or("").find("pg_temp") != std::string_view::npos;
}

// Of all sessions of the process, as long as it lasts.
std::uint64_t session::identity() const noexcept {
  return std::uint64_t{key_.process} << 32U | key_.secret;
}

bool session::reads_sequences() const {
  const auto& facts = work_->facts;
  return facts.executes && std::any_of(facts.statements.begin(), facts.statements.end(),
                                       [](const auto& text) { return text.statement->reads_sequences; });
}

std::uint64_t session::wanted_writer() const {
  return work_ && reads_sequences() ? identity() : 0;
}

// currval() tells what the server's session has got from a sequence, and many sessions have had that one. Without this
// it would tell of somebody else's row; with it the server says that there is none yet (55000).
void session::forget_sequences_of_others() {
  const bool failed = server().status() == wire::transaction_status::failed;
  auto& known_to_be_read = kind_->database.reads_sequences;
  const bool reads = reads_sequences();
  known_to_be_read |= reads;
  const bool matters = reads || (known_to_be_read && work_->facts.kind == sql::statement_kind::write);
  if (!matters || server().writer() == identity() || server().is_open() || failed) return;
  server().written_by(identity());
  lease_->ask_hidden("DISCARD SEQUENCES");
}

}  // namespace highwater::proxy
