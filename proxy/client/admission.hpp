#pragma once

// May a batch be sent, and where does it belong: with what is under way on the session's connection, behind it, or on a
// node that is yet to be chosen? Facts of the batch and of the session in, a verdict out.

#include <cstdint>
#include <optional>

#include "proxy/client/batch_facts.hpp"
#include "proxy/wire/errors.hpp"
#include "routing/requirement.hpp"

namespace highwater::proxy {

// Where a session stands when a batch comes. Nothing but the last two means anything without a lease.
struct standing {
  bool leased = false;
  bool on_replica = false;         // the connection was chosen as a replica's
  bool in_read_only = false;       // the transaction was placed as one that only reads
  bool bound = false;              // something is there that no other connection could go on with
  bool stale = false;              // chosen for a read that takes what there is
  bool busy = false;               // something is under way
  bool owed = false;               // ... and answers are outstanding
  bool open = false;               // no Sync has ended what was sent
  bool copying = false;            // the server waits for copy data
  bool decides_names = false;      // what is under way may end names of prepared statements
  bool settings_pending = false;   // ... or has changed settings that are yet to be asked back
  bool ends = false;               // ... or may end a transaction
  bool only_reads = true;          // nothing else is under way
  bool hidden_sync = false;        // what is under way ends with a Sync that the client has not sent
  routing::requirement looked_at;  // what the replica was held against

  std::size_t prepared_bytes = 0;       // that the session's prepared statements take
  std::size_t most_prepared_bytes = 0;  // ... and may take
};

enum class admission : std::uint8_t {
  answer_internal,  // it is about Highwater itself
  answer_sync,      // a lone Sync or Flush, and nobody has to be asked
  place,            // choose a node; or it is a transaction's affair that needs none yet
  send,             // on the connection that the session has
  join,             // ... behind what is under way there
  ask_for_answers,  // what is under way decides what it means, and the server keeps its answers
  wait,             // for the answers
};

// What a batch asks for that may follow another one.
struct demand {
  routing::requirement need;  // what it must be given
  bool shown = false;         // the primary shows what it has to act on (rule 9); for a session that is there
};

// `demands` gives that; called only if it matters.
template <class Demands>
admission admit(const batch_facts& facts, const standing& session, const Demands& demands);

// What no server may get to see, and what a replica would forget. None if the batch may be sent.
std::optional<wire::error> refusal(const batch_facts& facts, const standing& session);
// The session's prepared statements would take so many bytes more.
std::optional<wire::error> too_much_prepared(std::size_t more, const standing& session);
// Rule 24. The replica was held against a level when its transaction began; for another one it may be too late.
std::optional<wire::error> asked_too_late(config::level level, const standing& session);

// Are the answers there on which a refusal would depend?
inline bool may_be_refused(const standing& session) noexcept {
  return (!session.leased || !session.owed || session.open) && !(session.leased && session.copying);
}

namespace detail {
// Without looking at what the batch needs: none if that decides.
std::optional<bool> may_join(const batch_facts& facts, const standing& session);
bool follows(const batch_facts& facts, const standing& session, const demand& asked);
}  // namespace detail

template <class Demands>
admission admit(const batch_facts& facts, const standing& session, const Demands& demands) {
  const bool internal = facts.kind == sql::statement_kind::internal;
  const bool answered_here = internal && !facts.statements.empty();
  if (!session.leased) {
    const bool asks_for_end = facts.end == wire::batch_end::sync || facts.end == wire::batch_end::flush;
    const bool nothing = facts.statements.empty() && !facts.executes && facts.lone && asks_for_end;
    if (answered_here) return admission::answer_internal;
    return nothing ? admission::answer_sync : admission::place;
  }
  if (!session.busy) return answered_here ? admission::answer_internal : admission::send;
  if (facts.undecided) return admission::ask_for_answers;
  const auto joins = detail::may_join(facts, session);
  if (joins ? *joins : detail::follows(facts, session, demands())) return admission::join;
  if (internal && session.open && !session.owed && !session.copying) return admission::answer_internal;
  return admission::wait;
}

}  // namespace highwater::proxy
