#pragma once

// Where a batch belongs before freshness is looked at: with the reads, which any fresh node may serve, or on the
// primary; and whether it may be sent behind batches that are still being answered.

#include <optional>

#include "routing/requirement.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::routing {

// What a batch is that holds both. `before` is none for the first statement.
sql::statement_kind together(std::optional<sql::statement_kind> before, sql::statement_kind next) noexcept;

// The session's state, as far as it decides where its statements belong.
struct session_traits {
  bool stays_on_primary = false;      // session pooling
  bool serializable = false;          // default_transaction_isolation: no replica can run its transactions
  bool read_only_by_default = false;  // default_transaction_read_only
  std::optional<bool> begun = {};     // a BEGIN that has not been sent yet; true: of a transaction that only reads
};

// `first` is the batch's first statement, or null.
bool belongs_with_reads(sql::statement_kind kind, const sql::statement* first, const session_traits& session) noexcept;

// The server connection that a session holds while answers are outstanding.
struct lease_traits {
  bool on_primary = false;
  bool bound = false;  // inside a transaction, pinned, or behind a Flush: whatever comes goes there
  bool stale = false;  // it was chosen for a read that takes what there is
  bool shown = false;  // on the primary, which shows what the batch has to act on: the gate of rule 9 is open for it
};

// May the batch follow the others on that connection? If not, it waits for their answers and is decided upon then.
// `looked_at` is what the read had to be given for which a replica was chosen.
bool may_follow(sql::statement_kind kind, const requirement& need, const requirement& looked_at,
                const lease_traits& lease) noexcept;

}  // namespace highwater::routing
