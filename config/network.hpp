#pragma once

// IP addresses, and the networks that a rule for logins can name.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace highwater::config {

// In network order. An IPv4-mapped IPv6 address (::ffff:10.0.0.1), which is how an IPv4 client comes in through a
// socket for both, is the IPv4 address: no other part of the program has to think of it.
class ip {
public:
  using v4_bytes = std::array<std::uint8_t, 4>;
  using v6_bytes = std::array<std::uint8_t, 16>;
  explicit ip(const v4_bytes& bytes);
  explicit ip(const v6_bytes& bytes);

  bool is_v6() const noexcept { return v6_; }
  std::span<const std::uint8_t> bytes() const noexcept;  // 4 or 16

  friend bool operator==(const ip&, const ip&) = default;

private:
  v6_bytes bytes_{};
  bool v6_ = false;
};

// IPv4 with four parts, or IPv6; without a zone.
std::optional<ip> parse_ip(std::string_view text);
std::string to_string(const ip& address);

// What the first `prefix` bits of an address are, or everybody. Bits behind the prefix do not count.
struct network {
  std::optional<ip> address;  // none: `all`, IPv4 as well as IPv6
  unsigned prefix = 0;        // 0 to 32, or to 128

  bool operator==(const network&) const = default;
};
bool contains(const network& all, const ip& one) noexcept;

// `all`, an address, or an address with its prefix. Not in the form of an IPv4-mapped IPv6 address, whose prefix would
// count other bits than the reader thinks.
std::optional<network> parse_network(std::string_view text);
std::string to_string(const network& value);

}  // namespace highwater::config
