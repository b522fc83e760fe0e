#pragma once

#include <chrono>
#include <string>
#include <utility>

namespace highwater::proxy {

// So many log lines a second, for what anybody can cause; the rest is counted.
class log_throttle {
public:
  bool may_tell(std::chrono::steady_clock::time_point now) noexcept {
    constexpr unsigned most = 5;
    if (now - since_ >= std::chrono::seconds(1)) {
      since_ = now;
      told_ = 0;
    }
    if (told_ < most) return ++told_ != 0;
    ++untold_;
    return false;
  }
  // How many were not told since this was asked last.
  unsigned untold() noexcept { return std::exchange(untold_, 0); }

private:
  std::chrono::steady_clock::time_point since_{};
  unsigned told_ = 0;
  unsigned untold_ = 0;
};

// For the end of a line: how many like it there were that were not told.
inline std::string and_more(unsigned untold) {
  return untold == 0 ? "" : "; " + std::to_string(untold) + " more were not logged";
}

}  // namespace highwater::proxy
