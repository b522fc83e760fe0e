#pragma once

// Who is logged in by a secret that was looked up in the database (auth.query), in the whole process: they are looked
// up again, so that nobody stays who may not come in any more. Any thread may use it, for a moment.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "proxy/auth/standing_round.hpp"
#include "proxy/wire/errors.hpp"

namespace highwater::proxy {

class looked_up_users {
public:
  // One session's place among them, as long as it is kept.
  class place {
  public:
    place(looked_up_users& among, auth::standing_user who) : among_(among), who_(std::move(who)) {
      among_.add(who_, 1);
    }
    ~place() { among_.add(who_, -1); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    const auth::standing_user& who() const noexcept { return who_; }

  private:
    looked_up_users& among_;
    auth::standing_user who_;
  };
  using place_ptr = std::unique_ptr<place>;

  std::vector<auth::standing_user> all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<auth::standing_user> names;
    for (const auto& [key, count] : sessions_) names.push_back({key.first, key.second});
    return names;
  }

private:
  void add(const auth::standing_user& who, int change) {
    const std::scoped_lock lock(mutex_);
    const auto at = sessions_.try_emplace({who.name, who.stamp}, 0).first;
    at->second += change;
    if (at->second == 0) sessions_.erase(at);
  }

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::uint64_t>, int> sessions_;
};

// What they are told whose sessions end.
inline wire::error why_ended(const auth::revoked_user& who) {
  if (who.why == auth::revocation::gone) {
    return {std::string(wire::sqlstate::invalid_authorization),
            "role \"" + who.who.name + "\" is not permitted to log in", "It was when this session began.", ""};
  }
  return {std::string(wire::sqlstate::admin_shutdown), "terminating connection due to administrator command",
          "The password of role \"" + who.who.name + "\" has been changed.", "Connect again."};
}

}  // namespace highwater::proxy
