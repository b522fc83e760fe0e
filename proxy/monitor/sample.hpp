#pragma once

// What a node says of itself. Two questions: who it is, asked once per connection, and where it is, asked again and
// again.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/monitor/transaction_snapshot.hpp"
#include "routing/cluster_view.hpp"
#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::proxy {

// Holds for as long as the connection does that it was asked over.
struct node_identity {
  std::uint64_t system = 0;
  std::string started;  // pg_postmaster_start_time(), as text
  routing::wal_geometry wal;
  routing::timeline_id control_timeline = 0;  // of the last checkpoint or restart point: may lag behind
  std::string recovered = {};                 // when its checkpointer started, as text: anew after each crash. Empty:
                                              // it does not say, for want of pg_monitor
  std::int64_t started_us = 0;                // `started`, in microseconds since 1970
};

struct node_sample {
  routing::instant sent;
  routing::node_role role = routing::node_role::unknown;
  routing::timeline_id timeline = 0;  // 0: the node cannot say (a replica that does not stream)
  routing::lsn at = 0;                // primary: normalised insert position; replica: replayed
  routing::lsn received = 0;          // replica, 0: not streaming, or it has replayed more than it received
  routing::instant answered = sent;
  routing::lsn flushed = 0;  // primary: what it may send to others (rule 23)

  // Rule 9, see shown_proof.hpp.
  std::string snapshot_text = {};
  transaction_snapshot snapshot = {};
  std::optional<std::vector<transaction_id>> committed = {};  // replica: of the ids that it was asked about
  std::optional<std::vector<transaction_id>> census = {};     // primary: that may be about to commit
};

// Columns as text, nullptr for NULL; as libpq gives them.
using sample_row = std::vector<const char*>;

// Prepared once per connection under this name.
inline constexpr const char* sample_statement = "highwater_sample";
extern const char* const identity_sql;
// Takes the primary's snapshot as text, or NULL; and whether a census is wanted.
extern const char* const sample_sql;
inline constexpr const char* sample_types = "(text, boolean)";

// None if the answer is not what these questions return; rule 12: such a node is not usable.
std::optional<node_identity> read_identity(const sample_row& columns);
std::optional<node_sample> read_sample(const sample_row& columns, const routing::wal_geometry& wal,
                                       routing::instant sent);

}  // namespace highwater::proxy
