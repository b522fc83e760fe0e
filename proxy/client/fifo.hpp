#pragma once

// First in, first out, in one piece of memory that is kept: for queues that are nearly always short or empty. The first
// `Inline` need no memory of their own.

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace highwater::proxy {

template <typename Value, std::size_t Inline = 0>
class fifo {
public:
  bool empty() const noexcept { return first_ == all_.size(); }
  std::size_t size() const noexcept { return all_.size() - first_; }
  Value& front() noexcept { return all_[first_]; }
  const Value& front() const noexcept { return all_[first_]; }
  Value& back() noexcept { return all_.back(); }
  const Value& back() const noexcept { return all_.back(); }
  auto begin() noexcept { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto begin() const noexcept { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
  auto end() noexcept { return all_.end(); }
  auto end() const noexcept { return all_.end(); }

  // Each has a number, one more than the one before it, for as long as it is in here.
  std::uint64_t next_number() const noexcept { return gone_ + size(); }
  Value& operator[](std::uint64_t number) noexcept { return all_[first_ + static_cast<std::size_t>(number - gone_)]; }

  void push(Value what) { all_.push_back(std::move(what)); }
  Value pop() {
    auto taken = std::move(all_[first_++]);
    ++gone_;
    // What has been taken out is cleared away when it is more than what is left, so that it costs nothing for each.
    if (first_ == all_.size() || first_ > many + size()) {
      all_.erase(all_.begin(), begin());
      first_ = 0;
    }
    return taken;
  }
  // Out of turn, with the numbers behind it: the last one, or the one behind the first.
  void drop_back() { all_.pop_back(); }
  void drop_second() { all_.erase(begin() + 1); }
  void clear() noexcept {
    gone_ += size();
    all_.clear();
    first_ = 0;
  }

private:
  static constexpr std::size_t many = 64;
  boost::container::small_vector<Value, Inline> all_;
  std::size_t first_ = 0;
  std::uint64_t gone_ = 0;
};

}  // namespace highwater::proxy
