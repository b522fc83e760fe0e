#pragma once

// Who has how many connections to one node, where not only pools have a limit but also users, databases and the node in
// all; who waits for a place, and who gives one up for whom. Whoever has waited longest comes first. One that is in use
// goes, when it comes round, to who has fewer by two or more, so that those who share a limit come to have alike; and
// who has none at all gets one after a turn's time. One that nobody needs goes to who has fewer, and after a while to
// anybody. All that keeps the connecting within bounds that giving places to and fro costs. No I/O, no clock, no lock.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/allowed.hpp"
#include "routing/instant.hpp"

namespace highwater::proxy {

// Of one user and database: of a pool, in all workers.
struct place_account {
  place_account(std::string of_user, std::string of_database)
      : user(std::move(of_user)), database(std::move(of_database)) {}

  std::string user;
  std::string database;
  config::server_limits limits;
  unsigned held = 0;
  routing::instant wants_since = routing::never;  // one more than it could have

  bool wants() const noexcept { return wants_since != routing::never; }
};

class place_ledger {
public:
  static constexpr std::chrono::milliseconds turn{100};
  static constexpr std::chrono::seconds idle_long{1};

  void add(place_account& one) { accounts_.push_back(&one); }
  void remove(place_account& one);

  // One place more; false: there is none, or it is somebody else's turn.
  bool take(place_account& who);
  void give_back(place_account& who) { count(who, -1); }
  // The one who wants a place, and may have it.
  place_account* next() const noexcept;
  bool anybody_wants() const noexcept;
  // Others than there may be: limits have been lowered.
  bool anybody_has_too_many() const noexcept;

  // Shall it give one back, as there are too many, or somebody waits for what it has? One that is not needed, and has
  // not been for so long, or ...
  bool gives_idle(const place_account& giver, routing::instant::duration idle_for) const noexcept;
  // ... one in use, which has just come round.
  bool gives_used(const place_account& giver, routing::instant now) const noexcept;

  // What hinders it from having one more.
  enum class bound : std::uint8_t { none, in_all, of_user, of_database };
  bound full(const place_account& who) const noexcept { return reached(who, 0); }

private:
  using counts = std::map<std::string, unsigned, std::less<>>;

  bound reached(const place_account& who, int change) const noexcept;
  bool has_too_many(const place_account& who) const noexcept { return reached(who, -1) != bound::none; }
  bool compete(const place_account& one, const place_account& other) const noexcept;
  bool shares_what_is_full(const place_account& giver, const place_account& other) const noexcept;
  bool would_serve(const place_account& giver, const place_account& other) const noexcept;
  void count(place_account& who, int change);

  std::vector<place_account*> accounts_;
  unsigned in_all_ = 0;
  counts of_users_, of_databases_;
};

}  // namespace highwater::proxy
