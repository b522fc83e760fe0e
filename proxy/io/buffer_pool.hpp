#pragma once

// Buffers of one worker that are lent to connections while they have something to hold, so that idle ones hold nothing.

#include <string>
#include <utility>
#include <vector>

namespace highwater::proxy {

class buffer_pool {
public:
  static constexpr std::size_t usual_size = 8U << 10U;

  std::string take() {
    if (free_.empty()) {
      std::string fresh;
      fresh.reserve(usual_size);
      return fresh;
    }
    std::string one = std::move(free_.back());
    free_.pop_back();
    return one;
  }

  // Takes the buffer back; one that has grown far is not worth keeping.
  void give(std::string&& one) {
    if (one.capacity() < usual_size || one.capacity() > 8 * usual_size || free_.size() >= most_kept) {
      const std::string dropped = std::move(one);
      return;
    }
    one.clear();
    free_.push_back(std::move(one));
    one = {};
  }

private:
  static constexpr std::size_t most_kept = 128;
  std::vector<std::string> free_;
};

}  // namespace highwater::proxy
