#include <algorithm>
#include <utility>

#include "proxy/client/session.hpp"
#include "routing/gate.hpp"

namespace highwater::proxy {

using routing::route_reason;
using sql::statement_kind;

// A batch is there as a whole, or is too long to wait for. True if it has been dealt with.
bool session::begin_batch(bool too_long) {
  auto& now = *work_;
  worker_.timers.cancel(now.rest);
  now.attempt.begin(std::chrono::steady_clock::now(), worker_.shared.settings.pool.queue_timeout);
  if (on_deposed_node()) {
    end_on_deposed_node();
    return false;
  }
  if (leased() && server().may_owe_ready() && now.scanner.end() != wire::batch_end::terminate) {
    ask_for_answers();
    return false;
  }
  if (too_long) return skips_to_sync() ? skip_too_long() : begin_stream();
  if (now.scanner.end() == wire::batch_end::terminate) {
    end();
    return false;
  }
  if (now.scanner.end() == wire::batch_end::copy) return drop_late_copy();
  if (skips_to_sync()) return skip_batch();
  return look_at_batch() && act_on_batch();
}

// Perhaps it belongs to a copy that a statement under way is about to begin; not if the end of one has been sent
// already. Late data of a copy that has failed are discarded, as the server does.
bool session::drop_late_copy() {
  if (leased() && server().owes() && !(server().copying_in() && !under_way().held.copy_in)) {
    ask_for_answers();
    return false;
  }
  consume(work_->scanner.size());
  return true;
}

// What the batch is, out of the verdicts on its statements. False if the session has been ended.
bool session::look_at_batch() {
  auto& now = *work_;
  auto& database = kind_->database;
  const examination by{database.statements, database.catalog, database.doubts.get(),     client_.prepared.get(),
                       reads_texts(),       has_bound(),      now.attempt.learns_write()};
  char malformed = 0;
  const auto look = [&] {
    const bool known = examine(now.scanner, input_left(), by, now.facts, malformed);
    count_verdicts();
    return known;
  };
  bool known = look();
  if (const auto place = known ? cut_where_names_are_decided(now.scanner, input_left(), now.facts, by) : std::nullopt) {
    now.scanner.cut_behind(*place);
    now.cut_here = true;
    known = look();
  }
  if (!known) {
    protocol_error("malformed message of type '" + std::string(1, malformed) + "'");
    return false;
  }
  if (now.facts.missed && database.catalog != database.missed_in) {
    database.missed_in = database.catalog;
    worker_.shared.catalogs.missed(database.name);
  }
  return true;
}

void session::count_verdicts() {
  const auto& facts = work_->facts;
  worker_.probe.classify_hits.add(facts.hits);
  if (facts.parsed_texts == 0) return;
  worker_.probe.classify_misses.add(facts.parsed_texts);
  const auto took = std::chrono::steady_clock::now() - work_->attempt.arrived();
  for (unsigned each = 0; each < facts.parsed_texts; ++each)
    worker_.probe.parse_time.observe(took / facts.parsed_texts);
}

// True if the batch has been dealt with, and there may be more to do.
bool session::act_on_batch() {
  auto& now = *work_;
  const auto where = stands();
  if (const auto why = may_be_refused(where) ? refusal(now.facts, where) : std::nullopt) {
    answer_error(*why);
    return stage_ == stage::ready;
  }
  if (!vacated()) return false;
  const auto in_place = under_way().held.pins.any() ? route_reason::pinned : route_reason::transaction;
  const auto behind = under_way().held.pins.any() ? route_reason::pinned : route_reason::pipelined;
  switch (admit(now.facts, where, [&] { return demands(where); })) {
    case admission::answer_internal:
      answer_internal();
      return stage_ == stage::ready;
    case admission::answer_sync:
      return answer_sync();
    case admission::place:
      if (answer_transaction()) return true;
      start_plan();
      return stage_ == stage::ready;
    case admission::send:
      dispatch(in_place);
      return stage_ == stage::ready;
    case admission::join:
      return join(behind) && stage_ == stage::ready;
    case admission::ask_for_answers:
      ask_for_answers();
      return false;
    case admission::wait:
      break;
  }
  return false;
}

// What others were told of by now binds it, as if it were placed now.
demand session::demands(const standing& where) {
  demand asked{placed().required(), false};
  if (where.on_replica || where.bound) return asked;
  auto& told = worker_.told_scratch;
  if (routing::minds_what_others_were_told(asked.need.level)) worker_.shared.domain.snapshot(told);
  asked.shown = !routing::closed_gate(asked.need.level, client_.floors, &told, worker_.view());
  return asked;
}

placing session::placed() const {
  return {
      work_->facts, client_, {kind_->policies, worker_.shared.settings.consistency.default_level, keeps_one_server()}};
}

// What the batch wants nobody to be connected to is made so first. True if there is nothing to wait for.
bool session::vacated() {
  auto& now = *work_;
  sql::login_change wanted;
  for (const auto& one : now.facts.statements) {
    if (now.facts.executes) wanted.add(one.statement->logins);
  }
  // Behind what no Sync has ended it would wait for ever; and the server takes it in no such place.
  if (wanted.vacates.empty() || (leased() && server().is_open())) return true;
  if (now.vacant && now.vacant->databases() == wanted.vacates) return true;
  if (busy()) return false;
  now.vacant = std::make_shared<vacancy>(worker_.shared, wanted.vacates);
  stage_ = stage::vacating;
  now.vacant->close_idle([&loop = worker_.loop, weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    // It ends on its own thread too.
    loop.post([self = std::move(self)] {
      if (self->stage_ != stage::vacating) return;
      self->stage_ = stage::ready;
      self->process();
      self->settle();
    });
  });
  return false;
}

// False if it has to wait for what it needs.
bool session::join(route_reason reason) {
  forget_sequences_of_others();
  find_needs();
  if (work_->needs.needed() && server().owes()) {
    ask_for_answers();
    return false;
  }
  dispatch(reason);
  return true;
}

standing session::stands() const {
  const auto& now = *work_;
  standing where;
  where.prepared_bytes = client_.prepared ? client_.prepared->bytes() : 0;
  where.most_prepared_bytes = worker_.shared.settings.limits.max_prepared_bytes;
  if (!leased()) return where;
  where.leased = true;
  where.on_replica = under_way().held.on_replica;
  where.in_read_only = under_way().held.in_read_only;
  where.bound = under_way().bound();
  where.stale = now.attempt.plan().reason == route_reason::stale;
  where.busy = busy();
  where.owed = server().owes();
  where.open = server().is_open();
  where.copying = under_way().held.copy_in;
  where.decides_names = under_way().held.ends_names;
  where.settings_pending = under_way().changes.pending();
  where.ends = std::ranges::any_of(under_way().flights, &flight::ends);
  where.only_reads = std::ranges::all_of(under_way().flights, &flight::reads);
  where.hidden_sync = !under_way().flights.empty() && under_way().flights.back().hidden_sync;
  where.looked_at = now.attempt.need();
  return where;
}

bool session::skips_to_sync() const noexcept {
  return client_.skip_to_sync || (leased() && server().skips());
}

// After an error was answered in the extended protocol, what the client had sent up to its Sync does not count. The
// server wants the Sync itself, if the error was its own.
bool session::skip_batch() {
  std::string out;
  const bool ends = work_->scanner.end() == wire::batch_end::sync;
  if (ends && leased() && server().skips()) {
    work_->facts = {};
    send_sync();
    return true;
  }
  if (ends) {
    client_.skip_to_sync = false;
    wire::write_ready_for_query(out, client_status());
  }
  consume(work_->scanner.size());
  write_client(out);
  return true;
}

// A batch that is too long to be held does not count either.
bool session::skip_too_long() {
  auto& now = *work_;
  if (now.scanner.size() > 0) {
    consume(now.scanner.size());
    return true;
  }
  wire::frame message;
  wire::peek_frame(input_left(), worker_.shared.settings.limits.max_message_bytes, message);
  now.pass_left = message.size - message.available.size();
  now.pass_drop = true;
  consume(message.available.size());
  return true;
}

// `bounded` without a bound would promise nothing.
bool session::has_bound() const noexcept {
  const auto& consistency = worker_.shared.settings.consistency;
  return consistency.max_staleness.count() != 0 || consistency.max_lag_bytes != 0;
}

// Can the texts be read that the client sends now?
bool session::reads_texts() const {
  if (leased() && under_way().held.unreadable) return false;
  return client_.says.texts_are_plain && client_.told.plain();
}

}  // namespace highwater::proxy
