#pragma once

// Finding messages in a stream of bytes, in place. After startup every message is a type byte and a big-endian length
// that counts itself but not the type ("Message Formats" in the PostgreSQL manual).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {

inline constexpr std::size_t header_size = 5;

struct frame {
  char type = 0;
  std::uint64_t size = 0;      // of the whole message, header included
  std::string_view available;  // its bytes that are there, header included; all of them if complete()

  bool complete() const noexcept { return available.size() == size; }
  // What follows the header, as far as it is there.
  std::string_view body() const noexcept { return available.substr(header_size); }
};

enum class frame_status : std::uint8_t { ok, need_header, bad_length };

// Looks at the message that starts at the beginning of `bytes`. `ok` as soon as its header is there and sane, even if
// the body is not there yet; `max_size` bounds the length field.
inline frame_status peek_frame(std::string_view bytes, std::uint64_t max_size, frame& out) noexcept {
  if (bytes.size() < header_size) return frame_status::need_header;
  const std::uint64_t length = load_u32(bytes.data() + 1);
  if (length < 4 || length > max_size) return frame_status::bad_length;
  out.type = bytes[0];
  out.size = length + 1;
  out.available = bytes.substr(0, static_cast<std::size_t>(out.size < bytes.size() ? out.size : bytes.size()));
  return frame_status::ok;
}

}  // namespace highwater::wire
