#pragma once

// Reading and writing the protocol's integers and strings. Every read is bounds checked; a reader that ran over its end
// stays failed, so that a message can be taken apart first and checked once.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace highwater::wire {

inline std::uint32_t load_u32(const char* from) noexcept {
  unsigned char b[4];
  std::memcpy(b, from, 4);
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

inline void store_u32(char* to, std::uint32_t value) noexcept {
  const unsigned char b[4] = {static_cast<unsigned char>(value >> 24), static_cast<unsigned char>(value >> 16),
                              static_cast<unsigned char>(value >> 8), static_cast<unsigned char>(value)};
  std::memcpy(to, b, 4);
}

class reader {
public:
  explicit reader(std::string_view body) noexcept : rest_(body) {}

  std::uint8_t u8() noexcept {
    const auto part = take(1);
    return part.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(part[0]);
  }
  std::uint16_t u16() noexcept {
    const auto part = take(2);
    if (part.empty()) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(part[0]) << 8 | static_cast<unsigned char>(part[1]));
  }
  std::uint32_t u32() noexcept {
    const auto part = take(4);
    return part.empty() ? 0 : load_u32(part.data());
  }
  // Up to the next NUL, which is consumed.
  std::string_view c_string() noexcept {
    const auto end = rest_.find('\0');
    if (end == std::string_view::npos) return fail();
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string_view take(std::size_t count) noexcept {
    if (rest_.size() < count) return fail();
    const auto part = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return part;
  }
  std::string_view rest() const noexcept { return rest_; }
  bool ok() const noexcept { return ok_; }
  bool done() const noexcept { return ok_ && rest_.empty(); }

private:
  std::string_view fail() noexcept {
    ok_ = false;
    rest_ = {};
    return {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Appends one message to `out`; the length is filled in when it goes out of scope.
class writer {
public:
  writer(std::string& out, char type) : out_(out) {
    out_.push_back(type);
    start_ = out_.size();
    out_.append(4, '\0');
  }
  // A startup-style message, which has no type byte.
  explicit writer(std::string& out) : out_(out), start_(out.size()) { out_.append(4, '\0'); }
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer() { store_u32(out_.data() + start_, static_cast<std::uint32_t>(out_.size() - start_)); }

  writer& u8(std::uint8_t value) {
    out_.push_back(static_cast<char>(value));
    return *this;
  }
  writer& u16(std::uint16_t value) {
    return u8(static_cast<std::uint8_t>(value >> 8)).u8(static_cast<std::uint8_t>(value));
  }
  writer& u32(std::uint32_t value) {
    char b[4];
    store_u32(b, value);
    out_.append(b, 4);
    return *this;
  }
  writer& c_string(std::string_view text) {
    out_.append(text);
    out_.push_back('\0');
    return *this;
  }
  writer& bytes(std::string_view data) {
    out_.append(data);
    return *this;
  }

private:
  std::string& out_;
  std::size_t start_ = 0;
};

}  // namespace highwater::wire
