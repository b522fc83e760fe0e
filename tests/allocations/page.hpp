#pragma once

// What highwater_counted and the test that runs it share: one page of a file, mapped by both.

#include <atomic>
#include <cstdint>

namespace highwater::testing_support {

inline constexpr const char* allocation_page_variable = "HIGHWATER_ALLOCATIONS";  // the file's path, in the environment

// All zero, as a new file is, means: nothing is counted.
struct allocation_page {
  std::atomic<bool> counting;
  std::atomic<std::uint64_t> counted;  // on the workers
  std::atomic<std::int64_t> to_show;   // of so many more the stack is written to standard error
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "it is shared between processes");

}  // namespace highwater::testing_support
