#pragma once

// What makes a cancel request genuine: the secret of BackendKeyData. Four bytes in protocol 3.0; in 3.2 from four to
// 256, of which PostgreSQL 18 uses 32, as Highwater does. Held in place: nothing is allocated.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {

class cancel_secret {
public:
  static constexpr std::size_t shortest = 4;
  static constexpr std::size_t longest = 32;
  static constexpr std::size_t longest_in_protocol = 256;

  cancel_secret() = default;
  // Four bytes, which protocol 3.0 calls a number.
  cancel_secret(std::uint32_t number) noexcept : size_(shortest) { store_u32(bytes_.data(), number); }
  // More than `longest` bytes can be nobody's: they are not kept, and the secret is empty, as no session's ever is.
  explicit cancel_secret(std::string_view bytes) noexcept
      : size_(bytes.size() > longest ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.size())) {
    std::memcpy(bytes_.data(), bytes.data(), size_);
  }

  std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }
  // Its first four bytes: all that there is of a short one.
  std::uint32_t number() const noexcept { return load_u32(bytes_.data()); }
  // Another one, which differs in its number alone.
  cancel_secret next() const noexcept {
    auto other = *this;
    store_u32(other.bytes_.data(), number() + 1);
    return other;
  }

  // How long it takes tells nothing of where they differ: what is not used is zero, and compared all the same.
  friend bool operator==(const cancel_secret& left, const cancel_secret& right) noexcept {
    unsigned difference = static_cast<unsigned>(left.size_ ^ right.size_);
    for (std::size_t i = 0; i < longest; ++i)
      difference |= static_cast<unsigned char>(left.bytes_[i]) ^
                    static_cast<unsigned>(static_cast<unsigned char>(right.bytes_[i]));
    return difference == 0;
  }

private:
  std::array<char, longest> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace highwater::wire
