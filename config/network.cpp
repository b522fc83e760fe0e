#include "config/network.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "config/units.hpp"

namespace highwater::config {
namespace {

constexpr ip::v6_bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t mapped_bytes = 12;
constexpr unsigned bits = 8;

unsigned longest_prefix(const ip& address) {
  return static_cast<unsigned>(address.bytes().size()) * bits;
}

}  // namespace

ip::ip(const v4_bytes& bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

ip::ip(const v6_bytes& bytes) : v6_(!std::equal(bytes.begin(), bytes.begin() + mapped_bytes, mapped.begin())) {
  std::copy(bytes.begin() + (v6_ ? 0 : mapped_bytes), bytes.end(), bytes_.begin());
}

std::span<const std::uint8_t> ip::bytes() const noexcept {
  return std::span(bytes_).first(v6_ ? sizeof(v6_bytes) : sizeof(v4_bytes));
}

std::optional<ip> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  ip::v4_bytes four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return ip(four);
  ip::v6_bytes sixteen{};
  if (inet_pton(AF_INET6, terminated.c_str(), sixteen.data()) == 1) return ip(sixteen);
  return std::nullopt;
}

std::string to_string(const ip& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.is_v6() ? AF_INET6 : AF_INET, address.bytes().data(), text.data(), text.size());
  return text.data();
}

bool contains(const network& all, const ip& one) noexcept {
  if (!all.address) return true;
  if (all.address->is_v6() != one.is_v6()) return false;
  const auto wanted = all.address->bytes();
  const auto found = one.bytes();
  const unsigned whole = all.prefix / bits;
  if (!std::equal(wanted.begin(), wanted.begin() + whole, found.begin())) return false;
  const unsigned rest = all.prefix % bits;
  return rest == 0 || ((wanted[whole] ^ found[whole]) >> (bits - rest)) == 0;
}

std::optional<network> parse_network(std::string_view text) {
  if (text == "all") return network{};
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  const bool is_mapped = address && !address->is_v6() && text.find(':') != std::string_view::npos;
  if (!address || is_mapped) return std::nullopt;
  if (slash == std::string_view::npos) return network{address, longest_prefix(*address)};
  const auto prefix = parse_digits(text.substr(slash + 1));
  if (!prefix || *prefix > longest_prefix(*address)) return std::nullopt;
  return network{address, static_cast<unsigned>(*prefix)};
}

std::string to_string(const network& value) {
  if (!value.address) return "all";
  const std::string address = to_string(*value.address);
  return value.prefix == longest_prefix(*value.address) ? address : address + "/" + std::to_string(value.prefix);
}

}  // namespace highwater::config
