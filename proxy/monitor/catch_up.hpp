#pragma once

// How long one replica takes to have what the primary has flushed, by measure: from the sample of the primary that
// found a position flushed to the one of the replica that is there. What is not flushed is not sent, however quick the
// replica is (rule 23). Both are looked at now and then only, so each look gives a least and a most, and an estimate
// that lies between them stands.

#include "routing/instant.hpp"
#include "routing/position.hpp"

namespace highwater::proxy {

class catch_up {
public:
  // A sample of the primary, and of the replica. In the order in which the answers came.
  void primary_at(routing::instant sent, routing::lsn at, routing::lsn flushed) noexcept;
  void replica_at(routing::instant sent, routing::instant answered, routing::lsn at) noexcept;
  // Positions mean something else from now on.
  void begin_anew() noexcept { *this = {}; }

  routing::duration expected() const noexcept { return expected_; }

private:
  struct place {
    routing::instant sent = routing::never;
    routing::lsn at = 0;
    routing::instant flushed = routing::never;  // when that was known first
  };
  void reached(routing::instant answered) noexcept;
  void at_least(routing::duration bound) noexcept;
  void at_most(routing::duration bound) noexcept;

  place awaited_;  // what it has not been seen to have
  place newest_;   // of the primary
  routing::duration expected_{0};
};

}  // namespace highwater::proxy
