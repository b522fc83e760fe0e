#pragma once

// Finds the session that a cancel request speaks of, from any thread. Keys are random, and a wrong one is answered by
// silence, as PostgreSQL does.

#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

class cancel_registry {
public:
  // What is to be called, by any thread, when the request is over: see session::cancel().
  using over_function = std::function<void()>;
  // Called on the thread of the one who asks, and must only post.
  using cancel_function = std::function<void(over_function)>;

  wire::backend_key_message add(std::uint32_t secret, cancel_function cancel) {
    const std::scoped_lock lock(mutex_);
    do {
      ++last_;
    } while (last_ == 0 || sessions_.contains(last_));
    sessions_.emplace(last_, entry{secret, std::move(cancel)});
    return {last_, secret};
  }
  void remove(std::uint32_t process) {
    const std::scoped_lock lock(mutex_);
    sessions_.erase(process);
  }
  // `over` is called at once if there is no such session.
  void cancel(wire::backend_key_message key, over_function over) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = sessions_.find(key.process);
      if (found != sessions_.end() && found->second.secret == key.secret) {
        return found->second.cancel(std::move(over));
      }
    }
    over();
  }

private:
  struct entry {
    std::uint32_t secret;
    cancel_function cancel;
  };
  std::mutex mutex_;
  std::uint32_t last_ = 0;
  std::unordered_map<std::uint32_t, entry> sessions_;
};

}  // namespace highwater::proxy
