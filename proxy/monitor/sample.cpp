#include "proxy/monitor/sample.hpp"

#include <charconv>

namespace highwater::proxy {

// pg_control_*() and pg_stat_wal_receiver are readable by members of pg_monitor; without that right the timeline of a
// replica is known from the control file only, which lags.
const char* const identity_sql =
    "SELECT s.system_identifier, pg_catalog.pg_postmaster_start_time(),"
    " pg_catalog.current_setting('wal_block_size'),"
    " (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size'),"
    " greatest(c.timeline_id, r.min_recovery_end_timeline)"
    " FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() r";

const char* const sample_sql =
    "SELECT r.recovering,"
    " CASE WHEN r.recovering THEN NULL ELSE pg_catalog.pg_current_wal_insert_lsn() END,"
    " CASE WHEN r.recovering THEN NULL"
    "  ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END,"
    " pg_catalog.pg_last_wal_replay_lsn(), pg_catalog.pg_last_wal_receive_lsn(),"
    " (SELECT w.received_tli FROM pg_catalog.pg_stat_get_wal_receiver() w WHERE r.recovering)"
    " FROM (SELECT pg_catalog.pg_is_in_recovery() AS recovering) r";

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
  return sample;
}

}  // namespace

std::optional<node_identity> read_identity(const sample_row& columns) {
  if (columns.size() != 5 || columns[1] == nullptr) return std::nullopt;
  const auto system = to_number<std::uint64_t>(columns[0]);
  const auto page = to_number<std::uint32_t>(columns[2]);
  const auto segment = to_number<std::uint64_t>(columns[3]);
  const auto timeline = to_number<routing::timeline_id>(columns[4]);
  if (!system || !page || !segment || !timeline || *page == 0 || *segment == 0) return std::nullopt;
  return node_identity{*system, columns[1], {*page, *segment}, *timeline};
}

std::optional<node_sample> read_sample(const sample_row& columns, const routing::wal_geometry& wal,
                                       routing::instant sent) {
  if (columns.size() != 6 || columns[0] == nullptr) return std::nullopt;
  node_sample sample;
  sample.sent = sent;
  // Role first, then position: a replica that was promoted keeps a frozen replay position (rule 12).
  if (!is_true(columns[0])) return read_primary(columns, wal, sample);
  const auto replayed = to_lsn(columns[3]);
  if (!replayed) return std::nullopt;
  sample.role = routing::node_role::replica;
  sample.at = *replayed;
  sample.received = to_lsn(columns[4]).value_or(0);
  sample.timeline = to_number<routing::timeline_id>(columns[5]).value_or(0);
  return sample;
}

}  // namespace highwater::proxy
