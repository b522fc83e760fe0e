#include "proxy/server/place_ledger.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

bool comes_before(const place_account& one, const place_account& other) noexcept {
  return one.wants() && (!other.wants() || one.wants_since < other.wants_since);
}

template <class Counts>
unsigned found(const Counts& in, const std::string& name) noexcept {
  const auto one = in.find(name);
  return one == in.end() ? 0 : one->second;
}

}  // namespace

void place_ledger::count(place_account& who, int change) {
  const auto add = [change](unsigned& to) { return to += static_cast<unsigned>(change); };
  add(who.held);
  add(in_all_);
  if (add(of_users_[who.user]) == 0) of_users_.erase(who.user);
  if (add(of_databases_[who.database]) == 0) of_databases_.erase(who.database);
}

void place_ledger::remove(place_account& one) {
  while (one.held > 0) give_back(one);
  std::erase(accounts_, &one);
}

// If so many more were held of what it is part of.
place_ledger::bound place_ledger::reached(const place_account& who, int change) const noexcept {
  const auto is_at = [change](unsigned held, std::optional<unsigned> limit) {
    return limit && static_cast<int>(held) + change >= static_cast<int>(*limit);
  };
  const auto& limits = who.limits;
  if (is_at(found(of_users_, who.user), limits.of_user)) return bound::of_user;
  if (is_at(found(of_databases_, who.database), limits.of_database)) return bound::of_database;
  if (is_at(in_all_, limits.in_all)) return bound::in_all;
  return bound::none;
}

// For the last place that there is for both of them.
bool place_ledger::compete(const place_account& one, const place_account& other) const noexcept {
  const auto is_last = [](unsigned held, std::optional<unsigned> limit) { return limit && held + 1 >= *limit; };
  const auto& limits = one.limits;
  return is_last(in_all_, limits.in_all) ||
         (one.user == other.user && is_last(found(of_users_, one.user), limits.of_user)) ||
         (one.database == other.database && is_last(found(of_databases_, one.database), limits.of_database));
}

bool place_ledger::take(place_account& who) {
  if (full(who) != bound::none) return false;
  const bool others_turn = std::ranges::any_of(accounts_, [&](const auto* one) {
    return one != &who && comes_before(*one, who) && full(*one) == bound::none && compete(*one, who);
  });
  if (others_turn) return false;
  count(who, 1);
  who.wants_since = routing::never;
  return true;
}

place_account* place_ledger::next() const noexcept {
  place_account* first = nullptr;
  for (auto* one : accounts_) {
    if (one->wants() && full(*one) == bound::none && (first == nullptr || comes_before(*one, *first))) first = one;
  }
  return first;
}

bool place_ledger::anybody_wants() const noexcept {
  return std::ranges::any_of(accounts_, &place_account::wants);
}

bool place_ledger::anybody_has_too_many() const noexcept {
  return std::ranges::any_of(accounts_, [this](const auto* one) { return has_too_many(*one); });
}

// Does it have any of what the other is short of?
bool place_ledger::shares_what_is_full(const place_account& giver, const place_account& other) const noexcept {
  if (&giver == &other || !other.wants() || giver.held == 0) return false;
  const auto is_full = [](unsigned held, std::optional<unsigned> limit) { return limit && held >= *limit; };
  const auto& limits = other.limits;
  return is_full(in_all_, limits.in_all) ||
         (giver.user == other.user && is_full(found(of_users_, other.user), limits.of_user)) ||
         (giver.database == other.database && is_full(found(of_databases_, other.database), limits.of_database));
}

// ... all of it? If not, the other could do nothing with what is given up.
bool place_ledger::would_serve(const place_account& giver, const place_account& other) const noexcept {
  if (!shares_what_is_full(giver, other)) return false;
  const auto has_room = [](unsigned held, bool shared, std::optional<unsigned> limit) {
    return !limit || held - (shared ? 1U : 0U) < *limit;
  };
  const auto& limits = other.limits;
  return has_room(in_all_, true, limits.in_all) &&
         has_room(found(of_users_, other.user), giver.user == other.user, limits.of_user) &&
         has_room(found(of_databases_, other.database), giver.database == other.database, limits.of_database);
}

bool place_ledger::gives_idle(const place_account& giver, routing::instant::duration idle_for) const noexcept {
  if (has_too_many(giver)) return true;
  return std::ranges::any_of(accounts_, [&](const auto* one) {
    return (would_serve(giver, *one) && giver.held > one->held) ||
           (idle_for >= idle_long && shares_what_is_full(giver, *one));
  });
}

bool place_ledger::gives_used(const place_account& giver, routing::instant now) const noexcept {
  if (has_too_many(giver)) return true;
  return std::ranges::any_of(accounts_, [&](const auto* one) {
    if (!would_serve(giver, *one)) return false;
    return giver.held >= one->held + 2 || (one->held == 0 && now - one->wants_since >= turn);
  });
}

}  // namespace highwater::proxy
