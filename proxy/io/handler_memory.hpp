#pragma once

// Memory for a handler of Asio's that is posted again and again, but not before the one before it has begun: Asio gives
// back what a handler lies in before it calls it. From any thread.

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace highwater::proxy {

class handler_memory {
  struct block {
    std::atomic<bool> taken{false};
    alignas(std::max_align_t) std::array<std::byte, 256> bytes;
  };

public:
  // What does not fit, or comes while another one is there, is allocated as always.
  template <class Value>
  class allocator {
  public:
    using value_type = Value;

    explicit allocator(std::shared_ptr<block> of) noexcept : block_(std::move(of)) {}
    template <class Other>
    allocator(const allocator<Other>& other) noexcept : block_(other.block_) {}

    Value* allocate(std::size_t count) {
      const bool fits = count * sizeof(Value) <= sizeof block_->bytes && alignof(Value) <= alignof(std::max_align_t);
      if (!fits || block_->taken.exchange(true, std::memory_order_acquire))
        return std::allocator<Value>().allocate(count);
      return reinterpret_cast<Value*>(block_->bytes.data());
    }
    void deallocate(Value* given, std::size_t count) noexcept {
      if (reinterpret_cast<std::byte*>(given) != block_->bytes.data())
        return std::allocator<Value>().deallocate(given, count);
      block_->taken.store(false, std::memory_order_release);
    }

    template <class Other>
    bool operator==(const allocator<Other>& other) const noexcept {
      return block_ == other.block_;
    }

  private:
    template <class Other>
    friend class allocator;
    std::shared_ptr<block> block_;  // a handler that is never called may live longer than who posted it
  };

  allocator<std::byte> get() const noexcept { return allocator<std::byte>(block_); }

private:
  std::shared_ptr<block> block_ = std::make_shared<block>();
};

}  // namespace highwater::proxy
