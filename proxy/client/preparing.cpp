#include "proxy/client/preparing.hpp"

#include <utility>

#include "proxy/client/batch_failure.hpp"
#include "proxy/client/conversation.hpp"
#include "proxy/client/examining.hpp"
#include "proxy/client/own_answers.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/requests.hpp"
#include "proxy/client/statement_needs.hpp"
#include "proxy/wire/first_reply.hpp"

namespace highwater::proxy {

namespace {

// Would a failure in front of the batch fail the transaction, or the exchange, that it belongs to? A replica's
// transaction has to end with a Sync: see refusal().
bool prepares_by_turns(conversation& talk) {
  const auto ends = [](const sql::statement& one) { return one.ends_transaction; };
  if (talk.under_way().held.on_replica && talk.work->facts.any(ends)) return false;
  return !talk.server().idle() || talk.server().is_open();
}

std::optional<batch_failure> fails_at(conversation& talk) {
  auto& now = *talk.work;
  if (!talk.under_way().streaming) return find_failure(now.needs, writes(talk), now.inbox.batch(), talk.input());
  const auto* why = now.needs.first_failing();
  return why != nullptr ? std::optional(batch_failure{0, why}) : std::nullopt;
}

// Of an outdated one it is what PostgreSQL says of a plan whose rows have become others, word by word: drivers prepare
// anew when they read it.
std::string error_of(conversation& talk, const preparation::item& failed) {
  if (!failed.refusal.empty()) return failed.refusal;
  // Whoever prepares it from now on gets another one.
  talk.worker.shared.schema_changes.fetch_add(1, std::memory_order_relaxed);
  std::string error;
  wire::write_error(error, wire::severity::error,
                    {std::string(wire::sqlstate::feature_not_supported), "cached plan must not change result type", "",
                     "", "RevalidateCachedQuery"});
  return error;
}

}  // namespace

void find_needs(conversation& talk) {
  auto& now = *talk.work;
  talk.under_way().forget_portals_of_the_past();
  now.needs.clear();
  const auto cut =
      statement_needs(writes(talk), now.needs).of_batch(now.inbox.batch(), talk.input(), prepares_by_turns(talk));
  if (!cut) return;
  now.inbox.cut_behind(*cut);
  now.cut_here = true;
  look_at_batch(talk);  // whose messages have been looked at before
}

bool needs_anything_for(conversation& talk, const wire::frame& message) {
  auto& now = *talk.work;
  now.needs.clear();
  if (!talk.client.prepared) return false;
  talk.worker.parsed_names.clear();
  // Nobody has looked at it before; what a long Query names is the server's affair.
  now.facts.names_others = message.type != wire::frontend::query;
  statement_needs(writes(talk), now.needs).of_message(message);
  return now.needs.needed();
}

void prepare_needs(conversation& talk, routing::route_reason reason) {
  talk.work->reason = reason;
  talk.connection().prepare(talk.work->needs.to_send(), writes(talk).most_statements_within());
}

void note_prepared_needs(conversation& talk, std::string_view failed) {
  note_prepared(talk.work->needs, writes(talk), failed);
}

std::optional<metrics::retry_cause> leaves_who_refuses(conversation& talk, std::string_view failed) {
  auto& now = *talk.work;
  if (!now.needs.fails()) return std::nullopt;
  // It may have all of it, and describe other rows.
  const auto how = failed.empty() ? wire::replica_refusal::behind_ddl : wire::judge_first_reply(failed, true).why;
  const bool may_go = how != wire::replica_refusal::none && !now.attempt.retried();
  if (!may_go || !now.attempt.has_elsewhere(how, now.passage.circumstances())) return std::nullopt;
  now.attempt.refused_by(talk.server().node(), how, false);
  return cause_of(how);
}

bool must_prepare_again(conversation& talk, std::string_view failed) {
  if (failed.empty() || !talk.server().idle() || talk.server().skips()) return false;
  auto& needs = talk.work->needs;
  if (const auto failure = fails_at(talk)) needs.give_up_from(failure->at);
  return needs.is_due();
}

void run_prepared(conversation& talk) {
  auto& now = *talk.work;
  const auto* refused = now.needs.first_refused();
  const bool may_go_on = refused == nullptr || (talk.server().idle() && !talk.server().skips());
  auto failure = fails_at(talk);
  if (!failure && !may_go_on) failure = batch_failure{0, refused};
  if (!failure) {
    now.needs_met = talk.under_way().streaming;
    if (!now.needs_met) send_batch(talk, now.reason);
    return;
  }
  const auto told = told_before(*failure) + error_of(talk, *failure->why);
  // The server has failed what it belongs to already.
  if (!may_go_on) return answer_failure(talk, told);
  if (failure->at == 0) return fail_batch(talk, told);
  talk.under_way().own_failure = told;
  send_batch(talk, now.reason, failure->at);
}

}  // namespace highwater::proxy
