#pragma once

// Finds the session that a cancel request speaks of, from any thread. Keys are random, and a wrong one is answered by
// silence, as PostgreSQL does. A session that has a backend of its own is known by that one's process number; the
// others get numbers that no process has: Linux gives none above 2^22.

#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

class cancel_registry {
public:
  static constexpr std::uint32_t first_number = (1U << 22U) + 1;

  // What is to be called, by any thread, when the request is over: see session::cancel().
  using over_function = std::function<void()>;
  // Called on the thread of the one who asks, and must only post.
  using cancel_function = std::function<void(over_function)>;

  wire::backend_key_message add(std::uint32_t secret, cancel_function cancel) {
    const std::scoped_lock lock(mutex_);
    next_ = next_ < last_number ? next_ + 1 : first_number;
    return add_locked(next_, secret, std::move(cancel));
  }
  // By the number of its backend; backends of two nodes may have the same.
  wire::backend_key_message add_as(std::uint32_t process, std::uint32_t secret, cancel_function cancel) {
    const std::scoped_lock lock(mutex_);
    return add_locked(process, secret, std::move(cancel));
  }
  void remove(wire::backend_key_message key) {
    const std::scoped_lock lock(mutex_);
    sessions_.erase(whole(key));
  }
  // `over` is called at once if there is no such session.
  void cancel(wire::backend_key_message key, over_function over) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = sessions_.find(whole(key));
      if (found != sessions_.end()) return found->second(std::move(over));
    }
    over();
  }

private:
  static constexpr std::uint32_t last_number = (1U << 31U) - 1;  // clients keep it in a signed integer

  static constexpr std::uint64_t whole(wire::backend_key_message key) noexcept {
    return std::uint64_t{key.process} << 32U | key.secret;
  }
  wire::backend_key_message add_locked(std::uint32_t process, std::uint32_t secret, cancel_function&& cancel) {
    while (!sessions_.try_emplace(whole({process, secret}), std::move(cancel)).second) ++secret;
    return {process, secret};
  }

  std::mutex mutex_;
  std::uint32_t next_ = first_number - 1;
  std::unordered_map<std::uint64_t, cancel_function> sessions_;
};

}  // namespace highwater::proxy
