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

  wire::backend_key_message add(const wire::cancel_secret& secret, cancel_function cancel) {
    const std::scoped_lock lock(mutex_);
    next_ = next_ < last_number ? next_ + 1 : first_number;
    return add_locked(next_, secret, std::move(cancel));
  }
  // By the number of its backend; backends of two nodes may have the same.
  wire::backend_key_message add_as(std::uint32_t process, const wire::cancel_secret& secret, cancel_function cancel) {
    const std::scoped_lock lock(mutex_);
    return add_locked(process, secret, std::move(cancel));
  }

  // Tells sessions apart as long as they last, and is all that they keep of their keys. Never 0.
  static std::uint64_t identity_of(const wire::backend_key_message& key) noexcept {
    return std::uint64_t{key.process} << 32U | key.secret.number();
  }
  void remove(std::uint64_t identity) {
    const std::scoped_lock lock(mutex_);
    const auto found = find_identity(identity);
    if (found != sessions_.end()) sessions_.erase(found);
  }
  // `over` is called at once if there is no such session.
  void cancel(const wire::backend_key_message& key, over_function over) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = find(key.process, [&](const entry& one) { return one.secret == key.secret; });
      if (found != sessions_.end()) return found->second.cancel(std::move(over));
    }
    over();
  }

private:
  static constexpr std::uint32_t last_number = (1U << 31U) - 1;  // clients keep it in a signed integer

  struct entry {
    wire::cancel_secret secret;
    cancel_function cancel;
  };
  // By process number, which is no secret: a secret is never looked up, only compared, so that time tells nothing of
  // it.
  using map = std::unordered_multimap<std::uint32_t, entry>;

  template <class Is>
  map::iterator find(std::uint32_t process, const Is& is) {
    const auto [from, to] = sessions_.equal_range(process);
    for (auto one = from; one != to; ++one) {
      if (is(one->second)) return one;
    }
    return sessions_.end();
  }
  map::iterator find_identity(std::uint64_t identity) {
    return find(
        static_cast<std::uint32_t>(identity >> 32U),
        [number = static_cast<std::uint32_t>(identity)](const entry& one) { return one.secret.number() == number; });
  }
  bool is_taken(std::uint64_t identity) { return identity == 0 || find_identity(identity) != sessions_.end(); }
  wire::backend_key_message add_locked(std::uint32_t process, const wire::cancel_secret& secret,
                                       cancel_function&& cancel) {
    wire::backend_key_message key{process, secret};
    while (is_taken(identity_of(key))) key.secret = key.secret.next();
    sessions_.emplace(process, entry{key.secret, std::move(cancel)});
    return key;
  }

  std::mutex mutex_;
  std::uint32_t next_ = first_number - 1;
  map sessions_;
};

}  // namespace highwater::proxy
