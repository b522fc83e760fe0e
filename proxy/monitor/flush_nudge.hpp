#pragma once

// Rule 23: only WAL that is flushed is sent to the replicas. Commits that are not waited for, and records that are no
// commit's, lie there until the WAL writer wakes, up to 200 ms. Where somebody waits for such WAL, one small record
// that has to be flushed is written for all who wait. A state machine without I/O: says when.

#include <chrono>

#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::proxy {

class flush_nudge {
public:
  // Somebody waits, until `deadline`, for a node to have replayed `floor`.
  void need(routing::lsn floor, routing::instant deadline) noexcept;
  void primary_at(routing::instant sent, routing::lsn flushed) noexcept;
  // The primary's position is another one's from now on.
  void begin_anew() noexcept { *this = {}; }

  // When the primary shall be asked once more what it has flushed; instant::max() if nobody waits for more than it has.
  routing::instant look_at(routing::instant now) const noexcept;
  // Is one to be written now? If so it counts as written.
  bool due(routing::instant now) noexcept;

private:
  bool awaited(routing::instant now) const noexcept { return now < until_ && flushed_ < floor_; }
  routing::instant worth_at() const noexcept;

  routing::lsn floor_ = 0, flushed_ = 0;
  routing::instant until_ = routing::never;
  routing::instant asked_ = routing::never;   // when the newest sample was sent
  routing::instant stands_ = routing::never;  // since when nothing has been flushed, or nothing had to be
  routing::instant written_ = routing::never;
  bool by_itself_ = true;  // as far as is known, what is awaited comes without a record of ours
  unsigned in_a_row_ = 0;  // records since that was last looked at
};

}  // namespace highwater::proxy
