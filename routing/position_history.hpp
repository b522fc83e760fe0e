#pragma once

// Where the primary was, and when it was asked: what turns "a moment at which something was seen" into a position.

#include <cstddef>
#include <optional>
#include <vector>

#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::routing {

// Samples of one primary on one timeline, oldest first. Bounded: when it is full, every second one of the older half is
// forgotten, which makes answers about the past later positions, never earlier ones.
class position_history {
public:
  struct sample {
    instant sent;  // when the query was sent; of several with the same position, the last
    lsn at = 0;    // normalised insert position
  };

  explicit position_history(std::size_t capacity = 64) : capacity_(capacity) {}

  // `sent` must not be before an earlier sample's; a position that goes back is taken for the highest so far (a sample
  // cannot undo what an earlier one proved).
  void record(instant sent, lsn at);
  void clear() noexcept { samples_.clear(); }

  // Rule 3: the lowest known position that covers everything that had happened by `event`, i.e. that of the first
  // sample sent no earlier. None if no such sample has come back yet.
  std::optional<lsn> covering(instant event) const noexcept;

  // Rule 13: the send time of the newest sample that a node which has replayed up to `replayed` has reached.
  std::optional<instant> reached(lsn replayed) const noexcept;

  bool empty() const noexcept { return samples_.empty(); }
  const sample& newest() const noexcept { return samples_.back(); }
  const std::vector<sample>& samples() const noexcept { return samples_; }

private:
  void thin_out();

  std::size_t capacity_;
  std::vector<sample> samples_;
};

}  // namespace highwater::routing
