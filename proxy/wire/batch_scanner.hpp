#pragma once

// Finds what must travel together in what a client sends: one Query or FunctionCall, or the extended protocol's
// messages up to Sync or Flush. Sans-io; looks at each byte once, however the bytes arrive.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::wire {

enum class batch_end : std::uint8_t { query, function_call, sync, flush, terminate, copy, cut };

class batch_scanner {
public:
  // `memory` is for batches of many messages, and outlives it.
  explicit batch_scanner(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : messages_(message_list::allocator_type(std::pmr::polymorphic_allocator<message>(memory))) {}

  struct message {
    char type = 0;
    std::uint32_t offset = 0;  // into the batch
    std::uint32_t size = 0;    // header included
  };
  enum class outcome : std::uint8_t {
    incomplete,  // more bytes are needed
    complete,
    too_long,   // longer than what is examined as a whole; what there is of it is in messages()
    violation,  // not a message that a client may send now
  };

  // `bytes` begin where the batch does, and hold at least what they held at the last call. A batch that is complete, or
  // too long, stays so until next(), however much comes behind it.
  outcome scan(std::string_view bytes, std::uint64_t max_message, std::uint64_t max_batch);

  // The batch has been dealt with; the next one begins `size()` further on.
  void next() noexcept {
    messages_.clear();
    size_ = 0;
    found_ = outcome::incomplete;
  }
  // The batch, which is complete, is to end behind its message of this index: the others are another one.
  void cut_behind(std::size_t index) noexcept {
    messages_.resize(index + 1);
    size_ = messages_.back().offset + messages_.back().size;
    end_ = batch_end::cut;
  }
  bool held() const noexcept { return found_ == outcome::complete || found_ == outcome::too_long; }

  // A few need no memory of their own.
  using message_list = boost::container::small_vector<message, 8, std::pmr::polymorphic_allocator<message>>;
  const message_list& messages() const noexcept { return messages_; }
  std::size_t size() const noexcept { return size_; }  // bytes of complete messages
  batch_end end() const noexcept { return end_; }

private:
  static constexpr bool may_come(char type) noexcept {
    using namespace frontend;
    return type == bind || type == close || type == describe || type == execute || type == function_call ||
           type == flush || type == parse || type == query || type == sync || type == terminate || type == copy_data ||
           type == copy_done || type == copy_fail;
  }
  static constexpr bool stands_alone(char type) noexcept {
    using namespace frontend;
    return type == query || type == function_call || type == terminate || type == copy_data || type == copy_done ||
           type == copy_fail;
  }
  static constexpr batch_end end_of(char type) noexcept {
    using namespace frontend;
    switch (type) {
      case query:
        return batch_end::query;
      case function_call:
        return batch_end::function_call;
      case sync:
        return batch_end::sync;
      case flush:
        return batch_end::flush;
      case terminate:
        return batch_end::terminate;
      default:
        return batch_end::copy;
    }
  }

  outcome look(std::string_view bytes, std::uint64_t max_message, std::uint64_t max_batch);

  message_list messages_;
  std::size_t size_ = 0;
  outcome found_ = outcome::incomplete;
  batch_end end_ = batch_end::cut;
};

}  // namespace highwater::wire
