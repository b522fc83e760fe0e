#include "bench/checker/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace highwater::bench {

std::size_t latency_histogram::bucket_of(std::uint64_t nanoseconds) noexcept {
  if (nanoseconds < sub_count) return nanoseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1 - sub_bits;
  return (shift + 1) * sub_count + ((nanoseconds >> shift) & (sub_count - 1));
}

std::uint64_t latency_histogram::middle_of(std::size_t bucket) noexcept {
  if (bucket < sub_count) return bucket;
  const std::size_t shift = bucket / sub_count - 1;
  return ((sub_count + bucket % sub_count) << shift) + ((std::uint64_t{1} << shift) >> 1U);
}

void latency_histogram::record(std::chrono::nanoseconds taken) noexcept {
  ++buckets_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(taken.count(), 0)))];
  ++count_;
}

void latency_histogram::merge(const latency_histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

std::chrono::nanoseconds latency_histogram::quantile(double q) const noexcept {
  if (count_ == 0) return {};
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_))));
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    passed += buckets_[i];
    if (passed >= wanted) return std::chrono::nanoseconds{static_cast<std::int64_t>(middle_of(i))};
  }
  return {};
}

}  // namespace highwater::bench
