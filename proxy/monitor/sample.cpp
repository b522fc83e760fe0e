#include "proxy/monitor/sample.hpp"

#include <algorithm>
#include <charconv>

namespace highwater::proxy {

// pg_control_*() and pg_stat_wal_receiver are readable by members of pg_monitor; without that right the timeline of a
// replica is known from the control file only, which lags.
const char* const identity_sql =
    "SELECT s.system_identifier, pg_catalog.pg_postmaster_start_time(),"
    " pg_catalog.current_setting('wal_block_size'),"
    " (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'),"
    " greatest(c.timeline_id, r.min_recovery_end_timeline),"
    " (SELECT max(a.backend_start) FROM pg_catalog.pg_stat_get_activity(NULL) a"
    "  WHERE a.backend_type = 'checkpointer'),"
    " (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint"
    " FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() r";

// In this order: whether it receives, how far it has replayed, how far it has received. Where it had replayed from an
// archive before it began to receive, the second has it; so what was received lies above all that it had shown if it is
// not below what it has replayed (rule 5). Without an archive that holds when it does not receive either: a receiver
// that ends flushes what it has.
//
// The last columns are rule 9's. Ids that run in the primary's snapshot, and those between it and this node's own, are
// looked up here; at or above its own xmax it would raise "in the future", and has shown none. 10000 ids take some 5
// ms. The census leaves out who is seen at something that is not done while a commit is under way; what other users do
// is NULL without the rights of pg_monitor, and leaves nobody out.
const char* const sample_sql =
    "SELECT r.recovering,"
    " CASE WHEN r.recovering THEN NULL ELSE pg_catalog.pg_current_wal_insert_lsn() END,"
    " CASE WHEN r.recovering THEN NULL"
    "  ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END,"
    " (SELECT w.received_tli FROM pg_catalog.pg_stat_get_wal_receiver() w WHERE r.recovering),"
    " pg_catalog.pg_last_wal_replay_lsn(), pg_catalog.pg_last_wal_receive_lsn(),"
    " r.snapshot,"
    " CASE WHEN r.recovering AND r.xmax - p.xmax <= 10000 THEN coalesce(("
    "  SELECT pg_catalog.string_agg(i.id::text, ',') FROM ("
    "   SELECT x.id FROM pg_catalog.txid_snapshot_xip(p.snapshot) x(id)"
    "   UNION ALL SELECT y.id FROM pg_catalog.generate_series(p.xmax, r.xmax - 1) y(id)) i"
    "  WHERE CASE WHEN i.id < r.xmax THEN pg_catalog.txid_status(i.id) = 'committed' END), '') END,"
    " CASE WHEN $2 AND NOT r.recovering THEN coalesce(("
    "  SELECT pg_catalog.string_agg(i.id::text, ',') FROM ("
    "   SELECT a.backend_xid FROM pg_catalog.pg_stat_get_activity(NULL) a"
    "   WHERE a.backend_xid IS NOT NULL AND NOT coalesce(a.state LIKE 'idle in transaction%'"
    "    OR a.wait_event_type IN ('Lock', 'Client', 'Timeout', 'BufferPin')"
    "    OR a.wait_event LIKE 'DataFile%' OR a.wait_event LIKE 'BufFile%', false)"
    "   UNION ALL SELECT t.transaction FROM pg_catalog.pg_prepared_xact() t) i(id)), '') END,"
    " pg_catalog.current_setting('restore_command', true) = '',"
    " CASE WHEN r.recovering THEN NULL ELSE pg_catalog.pg_current_wal_flush_lsn() END"
    " FROM (SELECT pg_catalog.pg_is_in_recovery() AS recovering, pg_catalog.txid_current_snapshot() AS snapshot,"
    "  pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS xmax) r,"
    " (SELECT s AS snapshot, pg_catalog.txid_snapshot_xmax(s) AS xmax"
    "  FROM (SELECT $1::pg_catalog.txid_snapshot) g(s)) p";

namespace {

template <class Number>
std::optional<Number> to_number(const char* text, int base = 10) noexcept {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<routing::lsn> to_lsn(const char* text) noexcept {
  return text == nullptr ? std::nullopt : routing::parse_lsn(text);
}

std::optional<std::vector<transaction_id>> to_ids(const char* text) {
  return text == nullptr ? std::nullopt : parse_ids(text);
}

bool is_true(const char* text) noexcept {
  return text != nullptr && std::string_view(text) == "t";
}

std::optional<node_sample> read_primary(const sample_row& columns, const routing::wal_geometry& wal,
                                        node_sample sample) {
  const auto at = to_lsn(columns[1]);
  const auto timeline = to_number<routing::timeline_id>(columns[2], 16);
  if (!at || !timeline) return std::nullopt;
  sample.role = routing::node_role::primary;
  sample.at = routing::normalise(*at, wal);
  sample.timeline = *timeline;
  sample.flushed = to_lsn(columns[10]).value_or(0);
  sample.census = to_ids(columns[8]);
  if (!sample.census) return sample;
  for (auto& id : *sample.census) id = with_epoch(static_cast<std::uint32_t>(id), sample.snapshot.xmax);
  std::ranges::sort(*sample.census);
  return sample;
}

}  // namespace

std::optional<node_identity> read_identity(const sample_row& columns) {
  if (columns.size() != 7 || columns[1] == nullptr) return std::nullopt;
  const auto system = to_number<std::uint64_t>(columns[0]);
  const auto page = to_number<std::uint32_t>(columns[2]);
  const auto segment = to_number<std::uint64_t>(columns[3]);
  const auto timeline = to_number<routing::timeline_id>(columns[4]);
  const auto started = to_number<std::int64_t>(columns[6]);
  if (!system || !page || !segment || !timeline || !started || *page == 0 || *segment == 0) return std::nullopt;
  return node_identity{*system, columns[1], {*page, *segment}, *timeline, columns[5] == nullptr ? "" : columns[5],
                       *started};
}

std::optional<node_sample> read_sample(const sample_row& columns, const routing::wal_geometry& wal,
                                       routing::instant sent) {
  if (columns.size() != 11 || columns[0] == nullptr || columns[6] == nullptr) return std::nullopt;
  node_sample sample;
  sample.sent = sent;
  auto snapshot = parse_snapshot(columns[6]);
  if (!snapshot) return std::nullopt;
  sample.snapshot_text = columns[6];
  sample.snapshot = std::move(*snapshot);
  // Role first, then position: a replica that was promoted keeps a frozen replay position (rule 12).
  if (!is_true(columns[0])) return read_primary(columns, wal, sample);
  const auto replayed = to_lsn(columns[4]);
  if (!replayed) return std::nullopt;
  sample.role = routing::node_role::replica;
  sample.at = *replayed;
  sample.timeline = to_number<routing::timeline_id>(columns[3]).value_or(0);
  const auto received = to_lsn(columns[5]).value_or(0);
  if ((sample.timeline != 0 || is_true(columns[9])) && received >= sample.at) sample.received = received;
  sample.committed = to_ids(columns[7]);
  return sample;
}

}  // namespace highwater::proxy
