// Linked into highwater_counted: counts what the workers' threads ask the allocator for, as long as the page says so.
// Under a sanitizer its own hooks tell; without one the C library's functions are replaced by counting ones. Either way
// operator new is included, as it asks malloc().

#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "tests/allocations/page.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  #define HIGHWATER_HAS_HOOKS
  #include <sanitizer/common_interface_defs.h>

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the name is theirs, and in no header here
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                                         void (*on_free)(const volatile void*));
#endif

namespace highwater::testing_support {
namespace {

allocation_page* shared_page = nullptr;

// Asked once counting has begun: by then every thread has its name.
bool is_worker() noexcept {
  std::array<char, 16> name{};
  return ::pthread_getname_np(::pthread_self(), name.data(), name.size()) == 0 &&
         std::string_view(name.data()).starts_with("worker ");
}

void show_stack() noexcept {
#ifdef HIGHWATER_HAS_HOOKS
  __sanitizer_print_stack_trace();
#else
  std::array<void*, 32> frames;
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, "\n", 1);
#endif
}

void allocated() noexcept {
  if (shared_page == nullptr || !shared_page->counting.load(std::memory_order_relaxed)) return;
  thread_local const bool counts = is_worker();
  thread_local bool shows = false;  // it may allocate itself
  if (!counts || shows) return;
  shared_page->counted.fetch_add(1, std::memory_order_relaxed);
  if (shared_page->to_show.fetch_sub(1, std::memory_order_relaxed) <= 0) return;
  shows = true;
  show_stack();
  shows = false;
}

#ifdef HIGHWATER_HAS_HOOKS
void on_malloc(const volatile void*, std::size_t) {
  allocated();
}
void on_free(const volatile void*) {}
#endif

// Before main(), and so before the first worker.
[[gnu::constructor]] void begin() {
  const char* path = std::getenv(allocation_page_variable);
  const int file = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (file < 0) return;
  void* const mapped = ::mmap(nullptr, sizeof(allocation_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (mapped == MAP_FAILED) return;
  shared_page = static_cast<allocation_page*>(mapped);
#ifdef HIGHWATER_HAS_HOOKS
  __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);
#endif
}

}  // namespace
}  // namespace highwater::testing_support

#ifndef HIGHWATER_HAS_HOOKS
// What these give comes from the C library's own allocator, and goes back there by its own free().
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are theirs
extern "C" {
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* old, std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;

void* malloc(std::size_t size) noexcept {
  highwater::testing_support::allocated();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  highwater::testing_support::allocated();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  highwater::testing_support::allocated();
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  highwater::testing_support::allocated();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return memalign(alignment, size);
}
int posix_memalign(void** given, std::size_t alignment, std::size_t size) noexcept {
  void* const made = memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *given = made;
  return 0;
}
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
#endif
