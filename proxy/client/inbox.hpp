#pragma once

// What a client has sent and nobody has dealt with yet: cut into batches, or passed on piece by piece where a message
// is too long to be held. What has been sent on stays as long as it might have to be sent again. No I/O, no clock.

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>

#include "proxy/wire/batch_scanner.hpp"
#include "proxy/wire/frame.hpp"

namespace highwater::proxy {

class inbox {
public:
  // For the list of a batch's messages; outlives it.
  explicit inbox(std::pmr::memory_resource* memory) : batch_(memory) {}

  // Where what comes is appended, and nothing else done to it.
  std::string& buffer() noexcept { return bytes_; }
  // The batch that begins where left() does, as far as it is known: see wire::batch_scanner.
  const wire::batch_scanner& batch() const noexcept { return batch_; }
  wire::batch_scanner::outcome scan(std::uint64_t max_message, std::uint64_t max_batch) {
    return batch_.scan(left(), max_message, max_batch);
  }
  void cut_behind(std::size_t message) noexcept { batch_.cut_behind(message); }
  // It is dealt with message by message instead.
  void look_anew() noexcept { batch_.next(); }

  std::size_t begin() const noexcept { return begin_; }  // of the batch that is being gathered
  std::string_view left() const noexcept { return std::string_view(bytes_).substr(begin_); }
  bool empty() const noexcept { return bytes_.empty() && passing_ == 0; }

  // The batch at the beginning, or a part of it, has been dealt with.
  void consume(std::size_t size) noexcept {
    begin_ += size;
    batch_.next();
  }
  void consume_batch() noexcept { consume(batch_.size()); }
  // What begins there has to be dealt with once more.
  void back_to(std::size_t begin) noexcept {
    begin_ = begin;
    batch_.next();
  }
  // Lets go of what is before `keep`; returns by how much everything has moved.
  std::size_t compact(std::size_t keep);

  // Of this message, what is there is being dealt with; the rest goes where that goes, or to nobody.
  void pass_rest_of(const wire::frame& message) noexcept { follow(message, false); }
  void drop_rest_of(const wire::frame& message) noexcept { follow(message, true); }
  std::uint64_t passing() const noexcept { return passing_; }  // bytes that are still to come
  bool drops() const noexcept { return drops_; }
  // Some message is on its way to a server, and not there as a whole.
  bool within_message() const noexcept { return passing_ > 0 && !drops_; }
  // The next piece of it, empty if there is none yet; and that it has been passed on.
  std::string_view piece() const noexcept;
  void passed(std::size_t size) noexcept;

private:
  void follow(const wire::frame& message, bool drop) noexcept {
    passing_ = message.size - message.available.size();
    drops_ = drop;
  }

  std::string bytes_;  // what is before begin_ has been sent
  wire::batch_scanner batch_;
  std::size_t begin_ = 0;
  std::uint64_t passing_ = 0;
  bool drops_ = false;
};

}  // namespace highwater::proxy
