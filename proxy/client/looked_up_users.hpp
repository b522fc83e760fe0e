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

}  // namespace highwater::proxy
