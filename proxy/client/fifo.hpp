#pragma once

// First in, first out, in one piece of memory that is kept: for queues that are nearly always short or empty.

#include <cstddef>
#include <utility>
#include <vector>

namespace highwater::proxy {

template <typename Value>
class fifo {
public:
  bool empty() const noexcept { return first_ == all_.size(); }
  std::size_t size() const noexcept { return all_.size() - first_; }
  Value& front() noexcept { return all_[first_]; }
  auto begin() noexcept { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto end() noexcept { return all_.end(); }

  void push(Value what) { all_.push_back(std::move(what)); }
  Value pop() {
    auto taken = std::move(all_[first_++]);
    // What has been taken out is cleared away when it is more than what is left, so that it costs nothing for each.
    if (first_ == all_.size() || first_ > many + size()) {
      all_.erase(all_.begin(), begin());
      first_ = 0;
    }
    return taken;
  }
  void clear() noexcept {
    all_.clear();
    first_ = 0;
  }

private:
  static constexpr std::size_t many = 64;
  std::vector<Value> all_;
  std::size_t first_ = 0;
};

}  // namespace highwater::proxy
