#pragma once

// Rule 9: what the primary is known to show of what the nodes have shown. A state machine without I/O, fed with the
// samples; it says what has to be asked, and what is proved by the answers.
//
// Why there is something to prove. A commit's record is in the WAL, and replicas replay it, before the primary takes
// its transaction off the list of running ones: while that waits for a synchronous standby, or is not scheduled.
//
// One replica, in one of its lives. Let S be the transactions that it had shown by a moment t.
//   p  the primary's snapshot, from any sample of its present life: `xmax` and the running ids below it;
//   C  the ids that the replica calls committed among those that run in p and those from p's `xmax` up to its own, in a
//      sample that was sent at t or later.
// Every x in S is below the replica's `xmax`, which never falls in one life and was taken after x was shown; so x
// either had ended in p, or is among the ids that were asked about. In the latter case the replica calls it committed:
// it did so before it showed x. Hence S is within what had ended in p, together with C; and the primary shows all of S
// as soon as one of its snapshots, whichever, has every id of C ended. It does not matter in which order the primary
// and the replica were asked, so on demand both are asked at once; that C came out of the replica after t is all that
// counts. (A standby's own snapshot lists no running transactions, so comparing the two snapshots would prove nothing.)
// Ids are top-level transactions' where it matters: if a subtransaction was shown so was the transaction above it,
// which has an id too, and has ended only when all of it has. An id in C that is a subtransaction's is never running in
// a snapshot and holds up nothing.
//
// The WAL. All that lies up to the position that the replica gave in the sample *before*, of the same life, it had
// shown when this one was sent. So the same proof gives a position up to which the primary shows everything, whoever
// asks. (The position in the same sample is younger than its snapshot, and would prove nothing: rule 4.)
//
// Lives that have ended cannot be asked. For them, and for whoever does not know which it was, the primary's word alone
// suffices, at the price of waiting for more than is necessary. A census is the list of ids that its sessions, and
// transactions that are prepared, have at a moment after t. If x in S has not ended by then it is in the list: an id is
// its session's until the transaction is off the list of running ones. So S is shown when all in the list have ended.
// From the list may be left out whoever is seen, after t, at something that is not done between a commit's record and
// its end: idle in transaction, or waiting for a lock, its client, a data file. Its record is not in the WAL yet, and
// nobody had shown it by t. So an open transaction that nobody commits holds up nothing, and there is an end whoever
// dies: the next of these sightings of a statement that runs for long, or the end of a commit that is under way.
//
// Both ends' lives bound all of it: another life of the primary forgets everything, as an id may be used again that was
// lost in a crash, and another life of a replica what is known of that replica.
//
// Lazy VACUUM's own ids are in no snapshot. They change nothing that a query can see.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "proxy/monitor/transaction_snapshot.hpp"
#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"
#include "routing/plan.hpp"

namespace highwater::proxy {

// When a proof wants a node to be asked.
struct proof_wish {
  routing::instant since = routing::never;        // a sample sent then or later is lacking
  routing::instant at = routing::instant::max();  // ... one more is worth its while from then on
};

// What goes along with a sample's question.
struct proof_question {
  std::string snapshot;  // the primary's, for a replica; empty: none is known
  bool census = false;
};

class shown_proof {
public:
  struct pace {
    std::chrono::microseconds quickest;  // between two questions that look whether a commit has ended
    std::chrono::microseconds slowest;
  };

  shown_proof(std::size_t nodes, const pace& looks) : pace_(looks), nodes_(nodes) {}

  // There are more nodes.
  void make_room(std::size_t nodes) { nodes_.resize(nodes); }

  // Another life: what was known of it ends.
  void primary_began();
  void replica_began(routing::node_index node);

  // What to ask the node now. The answer is said to belong to the newest question.
  proof_question question(routing::node_index node, bool is_primary, routing::instant now);

  // `text` is the snapshot as the primary printed it. `census`: if it was asked for one.
  void primary_said(routing::instant sent, std::string text, transaction_snapshot snapshot,
                    const std::optional<std::vector<transaction_id>>& census);
  // `at`: how far it had replayed, on the primary's timeline; 0: unknown. `committed`: none if it was not asked, or if
  // there were too many ids to ask about.
  void replica_said(routing::node_index node, routing::instant sent, routing::lsn at,
                    const std::optional<std::vector<transaction_id>>& committed);

  // Somebody waits, for a while from `now` on, until it is known that what was shown by `since` is shown by the
  // primary.
  void need(routing::shown_by whom, routing::node_index node, routing::instant since, routing::instant now);
  proof_wish wish(routing::node_index node, bool is_primary, routing::instant now) const;

  routing::instant through(routing::node_index node) const { return nodes_[node].settled.through; }
  routing::instant through_all() const noexcept { return everybody_.settled.through; }
  routing::lsn at() const noexcept { return at_; }
  // A transaction that the newest attempt waits for; 0: none.
  transaction_id unshown(routing::node_index node) const { return nodes_[node].waits_for(); }
  transaction_id unshown() const noexcept { return everybody_.waits_for(); }

private:
  struct attempt {
    routing::instant through = routing::never;
    routing::lsn at = 0;
    std::vector<transaction_id> pending;  // that have to end; in order
  };
  struct demand {
    routing::instant since = routing::never;
    routing::instant until = routing::never;
  };
  // The oldest attempt that has not come to its end, so that there is progress however quickly newer ones come; and the
  // newest, which proves the most.
  struct attempts {
    attempt settled, oldest, newest;
    demand wanted;

    void add(attempt one);
    void look(const transaction_snapshot& primary);
    void forget() { settled = oldest = newest = {}; }
    bool unmet(routing::instant now) const noexcept { return now < wanted.until && settled.through < wanted.since; }
    bool under_way() const noexcept { return std::max(oldest.through, newest.through) >= wanted.since; }
    transaction_id waits_for() const noexcept { return oldest.pending.empty() ? 0 : oldest.pending.front(); }
  };
  struct replica : attempts {
    routing::instant answered = routing::never;  // when the newest answer's question was sent
    routing::lsn at = 0;                         // what it gave
    unsigned asked_in = 0;                       // the primary's life that the newest question was about
  };

  routing::instant next_look(const attempts& of) const noexcept;
  void keep_position(const attempts& of) noexcept;

  pace pace_;
  std::vector<replica> nodes_;
  attempts everybody_;                               // whoever it was: by census
  unsigned life_ = 0;                                // of the primary
  routing::instant asked_primary_ = routing::never;  // when the newest snapshot's question was sent
  std::string text_;
  transaction_snapshot primary_;
  routing::lsn at_ = 0;
};

}  // namespace highwater::proxy
