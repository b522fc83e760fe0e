#pragma once

// Places in the WAL, and the arithmetic that may be done with them.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace highwater::routing {

using lsn = std::uint64_t;  // byte position in the WAL, as PostgreSQL's XLogRecPtr; 0 is "none"
using timeline_id = std::uint32_t;

// A place in one WAL history. Positions compare only along one history (consistency rule 11), so there is no
// operator< here: ask `covers`.
struct position {
  std::uint64_t system = 0;  // system identifier of the cluster
  timeline_id timeline = 0;
  lsn at = 0;

  friend bool operator==(const position&, const position&) = default;
};

// True if a node that has replayed up to `replayed` has certainly replayed `floor` too.
constexpr bool covers(const position& replayed, const position& floor) noexcept {
  return floor.at == 0 ||
         (replayed.system == floor.system && replayed.timeline == floor.timeline && replayed.at >= floor.at);
}

// Sizes of the WAL's units, as the server was built and initialised with (wal_block_size, wal_segment_size).
struct wal_geometry {
  std::uint32_t page = 8192;
  std::uint64_t segment = 16U << 20U;
};

// Rule 2: at a page boundary the insert position already points past the next page's header, where replay cannot be
// before something is written there. Sizes of the headers: SizeOfXLogShortPHD and SizeOfXLogLongPHD in
// src/include/access/xlog_internal.h.
constexpr lsn normalise(lsn insert, const wal_geometry& wal) noexcept {
  constexpr std::uint64_t short_header = 24;
  constexpr std::uint64_t long_header = 40;
  const bool first_page = insert % wal.segment < wal.page;
  const std::uint64_t header = first_page ? long_header : short_header;
  return insert % wal.page == header ? insert - header : insert;
}

// "16/B374D848", as PostgreSQL prints a pg_lsn.
std::string to_string(lsn value);
std::optional<lsn> parse_lsn(std::string_view text) noexcept;

}  // namespace highwater::routing
