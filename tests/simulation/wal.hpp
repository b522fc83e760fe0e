#pragma once

// The history as it really is: WAL that grows, and sometimes loses its end (a crash that takes what was not flushed, a
// promotion of somebody who lacks it); and the transactions in it. A commit's record is in the WAL a while before the
// primary shows it.

#include <vector>

#include "proxy/monitor/transaction_snapshot.hpp"
#include "routing/position.hpp"
#include "tests/simulation/character.hpp"

namespace highwater::simulation {

using proxy::transaction_id;
using routing::lsn;

// The same number may stand for two things, before a loss and behind it.
struct place {
  lsn at = 0;
  unsigned branch = 0;
};

class wal {
public:
  static constexpr lsn start = 0x3000000;

  wal(schedule& when, chance& luck) : when_(when), luck_(luck) { trace_.push_back({routing::never, {start, 0}}); }

  lsn inserted() const noexcept { return trace_.back().end.at; }
  lsn flushed() const noexcept { return flushed_; }
  void flush() noexcept { flushed_ = inserted(); }
  unsigned branch() const noexcept { return static_cast<unsigned>(forks_.size()); }
  place end() const noexcept { return trace_.back().end; }
  place end_at(instant moment) const;

  // How much of what lies up to there is part of the history that has won.
  lsn surviving(place of) const;
  // All behind `left` is lost, and nothing of what was open goes on.
  void fork(lsn left);
  lsn append();

  // Transactions of the primary.
  transaction_id begin();
  microseconds finish(transaction_id id, bool commits);  // its record is there; how long until it is off the list
  bool is_open(transaction_id id) const noexcept;        // no record yet
  void end_all();                                        // a primary starts, and shows all that its WAL has
  // Nothing behind this is shown by the primary for certain; and everything up to it is.
  lsn complete() const noexcept;
  proxy::transaction_snapshot shown_by_primary() const;
  std::vector<transaction_id> census() const;  // who may be committing, and some who only may

  // Of whoever has replayed so far.
  transaction_id highest(place upto) const;
  bool calls_committed(place upto, transaction_id id) const;

  unsigned stalls = 0;

private:
  static constexpr transaction_id first_id = 1000;
  static constexpr unsigned never_lost = ~0U;
  struct moment {
    instant when;
    place end;
  };
  struct record {
    place at;
    unsigned lost_in;  // the branch at whose end it was lost
    bool committed;
    transaction_id id, highest;  // `highest`: of this one and all before it
    int before;                  // an older record of the same id, or -1
  };
  struct running {
    transaction_id id;
    lsn at;  // of its commit record, or 0
  };
  static bool seen(const record& one, place upto) noexcept {
    return one.at.at <= upto.at && one.at.branch <= upto.branch && upto.branch <= one.lost_in;
  }

  schedule& when_;
  chance& luck_;
  std::vector<moment> trace_;  // of the insert position
  lsn flushed_ = start;
  std::vector<lsn> forks_;         // where each branch was left
  std::vector<record> records_;    // in the order in which they were written
  std::vector<std::size_t> live_;  // those that are not lost
  std::vector<int> newest_;        // record of each id, from first_id on
  std::vector<running> running_;   // in the order of their ids
  transaction_id next_ = first_id, ended_ = first_id - 1;
  unsigned life_ = 0;  // of the primary
};

}  // namespace highwater::simulation
