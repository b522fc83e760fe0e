#pragma once

// What clients have shown when they logged in, and what their users can be logged in to the servers with, so that no
// password has to stand anywhere: SCRAM keys and MD5 secrets where the secret is the servers' own, and the password of
// who has sent it. The last that was shown counts. Kept as long as the process runs; it can only be of users who exist.
// Any thread may use it, for a moment.

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/server/server_credentials.hpp"

namespace highwater::proxy {

class proven_credentials {
public:
  void remember(std::string_view user, server_credentials shown) {
    const std::scoped_lock lock(mutex_);
    known_.insert_or_assign(std::string(user), std::move(shown));
  }
  // Empty ones for who has shown nothing.
  server_credentials find(std::string_view user) const {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(user);
    return found == known_.end() ? server_credentials{} : found->second;
  }
  void forget(std::string_view user) {
    const std::scoped_lock lock(mutex_);
    const auto found = known_.find(user);
    if (found != known_.end()) known_.erase(found);
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, server_credentials, std::less<>> known_;
};

}  // namespace highwater::proxy
