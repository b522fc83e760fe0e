#pragma once

// Which of a pool's idle connections a session gets: the one on which it has written last, and nobody since, if it asks
// for that; else one with the settings that it wants, which saves a round trip; else the one that was used last, whose
// caches are warm.

#include <cstdint>
#include <span>

#include "proxy/server/server_session.hpp"

namespace highwater::proxy {

// `count` idle ones, the most recently used last, of which `session(i)` is known; at least one. The place of the
// chosen.
template <class Session>
std::size_t choose_idle(std::size_t count, const Session& session, std::uint64_t wanted_write,
                        const settings_ptr& wanted) {
  const auto last_that = [&](const auto& suits) {
    for (auto at = count; at > 0; --at) {
      if (suits(session(at - 1))) return at - 1;
    }
    return count;
  };
  if (wanted_write != 0) {
    const auto place = last_that([&](const server_session& one) { return one.last_write() == wanted_write; });
    if (place != count) return place;
  }
  const auto place = last_that([&](const server_session& one) { return one.settings() == wanted; });
  return place != count ? place : count - 1;
}

}  // namespace highwater::proxy
