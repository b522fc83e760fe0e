#pragma once

// Waiting for an event that must come: bounded, and loud when it does not come.

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace highwater::testing_support {

using std::chrono::milliseconds;
using test_clock = std::chrono::steady_clock;

// Long enough for a slow machine under a sanitizer: only a failing test ever waits for so long.
inline constexpr milliseconds patience{30'000};

class deadline {
public:
  explicit deadline(milliseconds from_now = patience) : at_(test_clock::now() + from_now) {}

  bool passed() const { return test_clock::now() >= at_; }

  // Never negative, and never rounded down to 0 while there is time left: fit for poll().
  int left_ms() const {
    const auto left = std::chrono::ceil<milliseconds>(at_ - test_clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
  }

private:
  test_clock::time_point at_;
};

// Asks until the answer is yes. Throws std::runtime_error naming `what` if it is not within `limit`.
template <class Condition>
void await(const std::string& what, Condition condition, milliseconds limit = patience) {
  const deadline end(limit);
  while (!condition()) {
    if (end.passed())
      throw std::runtime_error("waited in vain for " + std::to_string(limit.count()) + " ms" + ": " + what);
    std::this_thread::sleep_for(milliseconds(3));
  }
}

}  // namespace highwater::testing_support
