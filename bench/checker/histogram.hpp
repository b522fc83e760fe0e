#pragma once

// Latencies in logarithmic buckets: 32 to a doubling, so a quantile is off by at most 3 %. Fixed memory, no allocation.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace highwater::bench {

class latency_histogram {
public:
  void record(std::chrono::nanoseconds taken) noexcept;
  void merge(const latency_histogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  // The latency that a share of `q` (0..1) of the records did not exceed; zero when nothing was recorded.
  std::chrono::nanoseconds quantile(double q) const noexcept;

private:
  static constexpr unsigned sub_bits = 5;
  static constexpr std::size_t sub_count = 1U << sub_bits;
  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t middle_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, (64 - sub_bits + 1) * sub_count> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace highwater::bench
