#pragma once

// A value that one thread replaces as a whole, while others keep what they have taken.

#include <memory>
#include <mutex>
#include <utility>

namespace highwater::proxy {

template <class Value>
class published {
public:
  using pointer = std::shared_ptr<const Value>;
  explicit published(pointer first) : newest_(std::move(first)) {}

  pointer load() const {
    const std::scoped_lock lock(mutex_);
    return newest_;
  }
  void store(pointer next) {
    const std::scoped_lock lock(mutex_);
    newest_.swap(next);  // what was there is let go of when the lock is
  }

private:
  mutable std::mutex mutex_;
  pointer newest_;
};

}  // namespace highwater::proxy
