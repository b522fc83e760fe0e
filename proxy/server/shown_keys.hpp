#pragma once

// SCRAM keys that clients have shown when they logged in with a secret of the servers' own: with them the same user can
// be logged in there, and no password stands anywhere. Kept as long as the process runs, for users who are configured.
// Any thread may use it, for a moment.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/auth/scram.hpp"

namespace highwater::proxy {

class shown_keys {
public:
  void remember(std::string_view user, const auth::scram_keys& keys) {
    const std::scoped_lock lock(mutex_);
    known_.insert_or_assign(std::string(user), keys);
  }
  std::optional<auth::scram_keys> find(std::string_view user) const {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(user);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, auth::scram_keys, std::less<>> known_;
};

}  // namespace highwater::proxy
