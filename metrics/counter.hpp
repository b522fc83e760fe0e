#pragma once

// Numbers that one thread changes and any thread reads: no locked instruction on the hot path.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace highwater::metrics {

// One writer. Also used as a gauge, where add() may be given a negative number.
class counter {
public:
  void add(std::int64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in fixed buckets from 50 microseconds to 10 seconds. One writer.
class duration_histogram {
public:
  static constexpr std::array<double, 16> upper_seconds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                        0.02,    0.05,   0.1,     0.25,   0.5,   1,      2.5,   10};

  void observe(std::chrono::nanoseconds took) noexcept {
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t bucket = 0;
    while (bucket < upper_seconds.size() && seconds > upper_seconds[bucket]) ++bucket;
    buckets_[bucket].add();
    sum_nanoseconds_.add(took.count());
  }
  std::int64_t in_bucket(std::size_t index) const noexcept { return buckets_[index].value(); }
  double sum_seconds() const noexcept { return static_cast<double>(sum_nanoseconds_.value()) * 1e-9; }

private:
  std::array<counter, upper_seconds.size() + 1> buckets_;  // the last: beyond all bounds
  counter sum_nanoseconds_;
};

}  // namespace highwater::metrics
