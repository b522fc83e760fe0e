// What a batch leaves behind in its server connection, and what is done so that nobody else meets it.

#include <algorithm>

#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::pin_reason;
using wire::reply_kind;

namespace {

// A function of the user's own may set what it likes.
bool may_set(const routing::statement& what) {
  return what.kind == routing::statement_kind::write && what.hidden_relations;
}

}  // namespace

void session::note_batch_effects(bool begins, bool no_ready) {
  const auto& facts = work_->facts;
  if (facts.unclear) lease_->soiled = true;
  if (!facts.executes) return;
  const bool alone = lease_->queue.empty() && !begins && !held_.unsynced && !no_ready &&
                     lease_->status == wire::transaction_status::idle && facts.statements.size() == 1 &&
                     facts.first()->statement_count == 1;
  for (const auto& one : facts.statements) {
    note_effects(*one.what, alone);
    if (one.what->executes) note_effects_of(named_in(one.what.get()));
  }
}

// What a statement of the client's does that is run by its name, where nobody has looked at it for that.
void session::note_effects_of(const prepared_ptr* prepared) {
  if (prepared == nullptr) return;
  auto& database = kind_->database;
  note_effects(*database.statements.find_or_classify((*prepared)->query, database.catalog).what, false);
}

// When it has been sent.
void session::note_what_follows(const flight& one) {
  const auto& facts = work_->facts;
  if (!facts.executes) return;
  if (one.writes) lease_->writer = identity();
  // What its functions set, only what comes behind it meets.
  held_.settings_unknown |= std::any_of(facts.statements.begin(), facts.statements.end(),
                                        [](const auto& text) { return may_set(*text.what); });
}

void session::note_effects(const routing::statement& what, bool alone) {
  work_->changes.note(what, alone);
  held_.settings_unknown |= what.local_settings || what.resets_all_settings || !what.settings.empty();
  // Without a schema of its own, it is made in the first one of the search path.
  if (what.creates_objects && what.pin == pin_reason::none && (held_.settings_unknown || searches_temporary_schema()))
    pin(pin_reason::temporary_table);
  // In a transaction, or in one text with it, what has got the value has this connection too.
  const bool apart = lease_->status == wire::transaction_status::idle && !held_.begin_unanswered && !held_.unsynced;
  if (what.reads_sequences && apart && what.statement_count == 1) pin(pin_reason::sequence_value);
  // Among other statements, it may not be what comes last.
  held_.discards_all |= what.discards_all && alone;
  if (what.discards_all && !alone) lease_->soiled = true;
  if (what.pin != pin_reason::none) pin(what.pin);
  // What could not be read may have left anything behind.
  const bool unread =
      what.reason == routing::write_reason::parse_failed || what.reason == routing::write_reason::too_long;
  if (unread || what.runs_code) lease_->soiled = true;
  held_.ending.all |= what.deallocates_all;
}

// Never on a replica, whose transactions are not allowed to make such state: see refusal().
void session::pin(pin_reason why) {
  const auto reason = static_cast<std::size_t>(why);
  const auto before = std::exchange(held_.pin_reasons, held_.pin_reasons | 1U << reason);
  if (before == held_.pin_reasons) return;
  worker_.probe.pinned(reason);
  if (!std::exchange(held_.pinned, true)) worker_.probe.pinned_sessions.add();
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
                                       [](const auto& text) { return text.what->reads_sequences; });
}

std::uint64_t session::wanted_writer() const {
  return work_ && reads_sequences() ? identity() : 0;
}

// currval() tells what the server's session has got from a sequence, and many sessions have had that one. Without this
// it would tell of somebody else's row; with it the server says that there is none yet (55000).
void session::forget_sequences_of_others(std::string& out) {
  const bool failed = lease_->status == wire::transaction_status::failed;
  if (!reads_sequences() || lease_->writer == identity() || held_.unsynced || failed) return;
  wire::write_query(out, "DISCARD SEQUENCES");
  lease_->queue.push({reply_kind::query, true, false, 0});
  lease_->unnamed = 0;
}

}  // namespace highwater::proxy
