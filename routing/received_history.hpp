#pragma once

// Rule 5, the nearer bound: what a replica has shown lies in what it had received when it was asked afterwards. Kept by
// node, for the life that it lives and the end of the one before: a session may have to leave a node that has died.
//
// True of a replica that is streaming. One that replays from an archive shows more than it has received, and is not
// asked; see read_sample() for how that is told.

#include <cstdint>
#include <optional>

#include "routing/instant.hpp"
#include "routing/position_history.hpp"

namespace highwater::routing {

using incarnation_id = std::uint64_t;

class received_history {
public:
  void record(incarnation_id life, instant sent, lsn received);
  // Above everything that this life had shown by `when`. None if it was not asked later, or said nothing of use.
  std::optional<lsn> covering(incarnation_id life, instant when) const noexcept;

private:
  incarnation_id life_ = 0;
  position_history answers_{16};
  struct {
    incarnation_id life = 0;
    position_history::sample last{never, 0};
  } before_;
};

}  // namespace highwater::routing
