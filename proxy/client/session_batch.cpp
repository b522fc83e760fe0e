#include <algorithm>
#include <utility>

#include "proxy/client/login_reset.hpp"
#include "proxy/client/session.hpp"
#include "routing/known_functions.hpp"
#include "routing/placement.hpp"

namespace highwater::proxy {

using routing::route_reason;
using routing::statement_kind;

// A batch is there as a whole, or is too long to wait for. True if it has been dealt with.
bool session::begin_batch(bool too_long) {
  auto& now = *work_;
  worker_.timers.cancel(now.rest);
  now.retried = std::exchange(now.retrying, false);
  if (!now.retried) {
    now.arrived = std::chrono::steady_clock::now();
    now.excluded = routing::no_node;
    now.conflicted = false;
  }
  if (on_deposed_node()) {
    end_on_deposed_node();
    return false;
  }
  if (lease_ != nullptr && lease_->reader.may_owe_ready() && now.scanner.end() != wire::batch_end::terminate) {
    ask_for_answers();
    return false;
  }
  if (too_long) return skips_to_sync() ? skip_too_long() : begin_stream();
  switch (now.scanner.end()) {
    case wire::batch_end::terminate:
      end();
      return false;
    case wire::batch_end::copy:
      // Perhaps of a copy that a statement under way is about to begin; not if the end of one has been sent already.
      if (lease_ != nullptr && !lease_->queue.empty() && !(lease_->reader.copying_in() && !held_.copy_in)) {
        ask_for_answers();
        return false;
      }
      // Late data of a copy that has failed: discarded, as the server does.
      consume(now.scanner.size());
      return true;
    default:
      break;
  }
  if (skips_to_sync()) return skip_batch();
  if (!examine()) return false;
  if (cut_where_names_are_decided() && !examine()) return false;
  const bool answered = lease_ == nullptr || lease_->queue.empty() || lease_->is_open();
  if (const auto why = answered && !held_.copy_in ? refusal() : std::nullopt) {
    answer_error(*why);
    return stage_ == stage::ready;
  }
  if (!vacated()) return false;
  if (lease_ == nullptr) {
    if (answer_locally()) return true;
    start_plan();
    return stage_ == stage::ready;
  }
  if (!busy()) {
    if (answer_locally()) return true;
    dispatch(held_.pins.any() ? route_reason::pinned : route_reason::transaction);
  } else if (now.facts.undecided) {
    ask_for_answers();
    return false;
  } else if (can_join()) {
    forget_sequences_of_others();
    find_needs();
    if (now.needs.needed() && !lease_->queue.empty()) return false;
    dispatch(held_.pins.any() ? route_reason::pinned : route_reason::pipelined);
  } else if (now.facts.kind == statement_kind::internal && lease_->is_open() && lease_->queue.empty() &&
             !held_.copy_in) {
    answer_internal();
  } else {
    return false;
  }
  return stage_ == stage::ready;
}

bool session::skips_to_sync() const noexcept {
  return skip_to_sync_ || (lease_ != nullptr && lease_->skips());
}

// After an error was answered in the extended protocol, what the client had sent up to its Sync does not count. The
// server wants the Sync itself, if the error was its own.
bool session::skip_batch() {
  std::string out;
  const bool ends = work_->scanner.end() == wire::batch_end::sync;
  if (ends && lease_ != nullptr && lease_->skips()) {
    work_->facts = {};
    send_sync();
    return true;
  }
  if (ends) {
    skip_to_sync_ = false;
    wire::write_ready_for_query(out, client_status());
  }
  consume(work_->scanner.size());
  write_client(out);
  return true;
}

void session::note_statement(routing::statement_ptr what, std::optional<config::level> hint) {
  auto& facts = work_->facts;
  const bool first = facts.statements.empty();
  facts.resets |= resets_some(*what);
  for (const auto* named : {&what->executes, &what->deallocates, &what->prepares}) {
    facts.names_others |= named->has_value();
    if (*named) facts.undecided |= is_undecided((*named)->name);
  }
  batch_facts::text one{std::move(what), hint};
  // The same ones usually come close together; there may be thousands of others.
  constexpr std::size_t looked_at = 8;
  const auto few = std::min(looked_at, facts.statements.size());
  if (std::find(facts.statements.end() - few, facts.statements.end(), one) != facts.statements.end()) return;
  facts.kind = routing::together(first ? std::nullopt : std::optional(facts.kind), one.what->kind);
  facts.statements.push_back(std::move(one));
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

void session::examine_text(std::string_view sql) {
  auto& facts = work_->facts;
  // The parser takes a while, and others wait meanwhile. What nobody has looked at may mean anything.
  constexpr unsigned most_parsed = 500;
  if (facts.parsed_texts >= most_parsed) {
    facts.unclear = true;
    return;
  }
  auto& database = kind_->database;
  if (work_->taken_for_read) database.statements.learn_write(sql, database.catalog);
  const auto misses = database.statements.misses();
  auto found = database.statements.find_or_classify(sql, database.catalog);
  if (database.statements.misses() == misses) {
    worker_.probe.classify_hits.add();
  } else {
    ++facts.parsed_texts;
    worker_.probe.classify_misses.add();
    worker_.probe.parse_time.observe(std::chrono::steady_clock::now() - work_->arrived);
  }
  if (found.what->reason == routing::write_reason::unknown_name && database.catalog != database.missed_in) {
    database.missed_in = database.catalog;
    worker_.shared.catalogs.missed(database.name);
  }
  const bool doubtful = database.doubts && database.doubts->any() && database.doubts->concern(found.what->names);
  if (doubtful) found.what = routing::doubted(found.what);
  auto hint = found.hint_level;
  if (found.bad_hint || (hint && !has_bound(*hint))) {
    hint.reset();
    facts.bad_hint = true;
  }
  note_statement(found.what, hint);
}

// `bounded` without a bound would promise nothing.
bool session::has_bound(config::level level) const noexcept {
  const auto& consistency = worker_.shared.settings.consistency;
  return level != config::level::bounded || consistency.max_staleness.count() != 0 || consistency.max_lag_bytes != 0;
}

// What one message adds to what is known of the batch. False if it is malformed.
bool session::examine_message(char type, std::string_view body) {
  auto& facts = work_->facts;
  switch (type) {
    case wire::frontend::query: {
      const auto sql = wire::read_single_string(body);
      if (sql) examine_text(*sql);
      facts.executes = true;
      return sql.has_value();
    }
    case wire::frontend::parse: {
      const auto parse = wire::read_parse(body);
      if (!parse) return false;
      facts.parses = true;
      facts.parses_unnamed |= parse->name.empty();
      facts.undecided |= !parse->name.empty() && is_undecided(parse->name);
      if (!parse->name.empty())
        facts.named_bytes += prepared_names::cost(parse->name, parse->query.size() + parse->parameter_types.size());
      examine_text(parse->query);
      return true;
    }
    case wire::frontend::bind: {
      const auto bind = wire::read_bind_names(body);
      if (!bind) return false;
      facts.executes = true;
      // So many names are told apart; beyond that nothing is proved, and the primary runs it.
      if (facts.portals.size() < 64 && (facts.portals.empty() || facts.portals.back() != bind->portal))
        facts.portals.push_back(bind->portal);
      facts.undecided |= is_undecided(bind->statement);
      examine_prepared(bind->statement);
      return true;
    }
    case wire::frontend::describe:
    case wire::frontend::close: {
      const auto target = wire::read_target(body);
      facts.undecided |= target && target->kind == 'S' && is_undecided(target->name);
      if (target && target->kind == 'S' && type == wire::frontend::describe) examine_prepared(target->name);
      return target.has_value();
    }
    case wire::frontend::execute: {
      facts.executes = true;
      const auto execute = wire::read_execute(body);
      if (!execute) return false;
      facts.runs_older_portal |=
          std::find(facts.portals.begin(), facts.portals.end(), execute->portal) == facts.portals.end();
      return true;
    }
    case wire::frontend::function_call: {
      const auto function = wire::read_function_call(body);
      facts.executes = facts.calls = true;
      facts.calls_unknown |= !function || !routing::ends_with_transaction(*function);
      return true;
    }
    default:
      return true;
  }
}

// Another statement of that name may be met until it is known. One that this batch parses is not asked about.
bool session::is_undecided(std::string_view name) const noexcept {
  return names_ && names_->is_pending(name) && !(name.empty() && work_->facts.parses_unnamed);
}

void session::examine_prepared(std::string_view name) {
  // One that this batch parses has been examined already.
  if (name.empty() && work_->facts.parses_unnamed) return;
  const auto* known = find_named(name);
  // Thousands of rows are usually sent with one statement.
  if (known != nullptr && std::exchange(work_->facts.examined, known->what.get()) != known->what.get()) {
    examine_text(known->what->query);
  }
}

// Can the texts be read that the client sends now?
bool session::reads_texts() const {
  if (lease_ != nullptr && held_.unreadable) return false;
  return text_is_plain(*settings_) && told_.plain();
}

// Is one text in it to be read otherwise because of another one?
bool session::rereads(const batch_facts& facts) {
  const auto& all = facts.statements;
  return all.size() > 1 &&
         std::any_of(all.begin(), all.end(), [](const auto& one) { return one.what->changes_reading; });
}

// What the batch is, out of the verdicts on its statements. False if the session has been ended.
bool session::examine() {
  auto& now = *work_;
  now.facts = {};
  auto& facts = now.facts;
  facts.end = now.scanner.end();
  const auto batch = input_left();
  for (const auto& message : now.scanner.messages()) {
    const auto body = batch.substr(message.offset + wire::header_size, message.size - wire::header_size);
    if (examine_message(message.type, body)) continue;
    protocol_error("malformed message of type '" + std::string(1, message.type) + "'");
    return false;
  }
  now.taken_for_read = false;
  facts.unclear |= !facts.statements.empty() && (!reads_texts() || rereads(facts));
  if (facts.kind == statement_kind::internal) return true;
  // A portal without a statement that is known here, or a part of an exchange that no Sync has ended: nothing is
  // proved.
  const bool unknown = facts.executes && facts.statements.empty();
  const bool unfinished = facts.end == wire::batch_end::cut || (facts.executes && facts.end == wire::batch_end::flush);
  if (unknown || facts.calls || facts.runs_older_portal || unfinished || facts.unclear)
    facts.kind = statement_kind::write;
  return true;
}

}  // namespace highwater::proxy
