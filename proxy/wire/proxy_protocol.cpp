#include "proxy/wire/proxy_protocol.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "proxy/wire/bytes.hpp"

namespace highwater::wire {

namespace {

using namespace std::string_view_literals;

constexpr auto no_header = "it does not begin with a PROXY protocol header"sv;

// As much of `start` as there is.
bool begins(std::string_view bytes, std::string_view start) noexcept {
  return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

// Version 1 (2.1) ------------------------------------------------------------------------------------------------

constexpr auto line_of_v4 = "PROXY TCP4 "sv;
constexpr auto line_of_v6 = "PROXY TCP6 "sv;
constexpr auto line_of_unknown = "PROXY UNKNOWN"sv;

// Up to the next space, which is taken too. There is exactly one, so that two leave an empty word.
std::string_view next_word(std::string_view& line) noexcept {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

bool read_port(std::string_view word, std::uint16_t& port) noexcept {
  const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), port);
  const bool leading_zero = word.size() > 1 && word.front() == '0';
  return wrong == std::errc() && end == word.data() + word.size() && !leading_zero;
}

// inet_pton() takes what the specification allows, and no leading zeros; and it stops at a NUL.
bool read_ip(std::string_view word, network_address& address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (word.size() >= text.size() || word.find('\0') != std::string_view::npos) return false;
  std::ranges::copy(word, text.begin());
  return ::inet_pton(address.family == address_family::v4 ? AF_INET : AF_INET6, text.data(), address.bytes.data()) == 1;
}

// What stands between the family and the end of the line.
std::optional<proxied> read_addresses(std::string_view line, address_family family) noexcept {
  proxied found{{family}, {family}};
  const bool source = read_ip(next_word(line), found.source);
  const bool destination = read_ip(next_word(line), found.destination);
  const bool from = read_port(next_word(line), found.source.port);
  const bool to = read_port(line, found.destination.port);
  return source && destination && from && to ? std::optional(found) : std::nullopt;
}

proxy_header read_whole_line(std::string_view line) {
  if (line.starts_with(line_of_unknown)) {
    // What stands behind it is to be ignored.
    if (line.size() == line_of_unknown.size() || line[line_of_unknown.size()] == ' ') return proxy_local{};
    return not_proxy{no_header};
  }
  const auto family = line.starts_with(line_of_v4) ? address_family::v4 : address_family::v6;
  const auto found = read_addresses(line.substr(std::min(line.size(), line_of_v4.size())), family);
  return found ? proxy_header(*found) : not_proxy{"its PROXY line has malformed addresses or ports"};
}

proxy_header read_line(std::string_view bytes, std::size_t& consumed) {
  const auto starts = {line_of_v4, line_of_v6, line_of_unknown};
  if (std::ranges::none_of(starts, [&](auto start) { return begins(bytes, start); })) return not_proxy{no_header};
  const auto end = bytes.substr(0, longest_proxy_line).find_first_of("\r\n"sv);
  const bool ends = end != std::string_view::npos && end + 2 <= longest_proxy_line;
  if (!ends && bytes.size() >= longest_proxy_line) return not_proxy{"its PROXY line has no end within 107 bytes"};
  if (end == std::string_view::npos) return proxy_incomplete{};
  if (!begins(bytes.substr(end), "\r\n"sv)) return not_proxy{"its PROXY line does not end in CR and LF"};
  if (bytes.size() < end + 2) return proxy_incomplete{};
  const auto found = read_whole_line(bytes.substr(0, end));
  if (!std::holds_alternative<not_proxy>(found)) consumed = end + 2;
  return found;
}

// Version 2 (2.2) ------------------------------------------------------------------------------------------------

constexpr auto signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t fixed_size = 16;

enum class command : std::uint8_t { local = 0x20, proxy = 0x21 };  // with the version before it

// The byte of family and transport.
struct transported {
  unsigned family;     // 0 unspecified, 1 v4, 2 v6, 3 Unix
  unsigned transport;  // 0 unspecified, 1 stream, 2 datagram

  bool known() const noexcept { return family <= 3 && transport <= 2; }
  // Nothing is said of the addresses that we could use.
  bool unspecified() const noexcept { return family == 0 || transport == 0; }
};

// Addresses, and ports where there are any. TLVs follow.
std::size_t addresses_size(unsigned family) noexcept {
  constexpr std::size_t sizes[] = {0, 4 + 4 + 2 + 2, 16 + 16 + 2 + 2, 108 + 108};
  return sizes[family];
}

bool well_formed_tlvs(std::string_view bytes) noexcept {
  reader in(bytes);
  while (in.ok() && !in.done()) {
    in.u8();
    in.take(in.u16());
  }
  return in.ok();
}

proxied read_addresses(reader in, unsigned family) noexcept {
  if (family == 3) return {{address_family::unix_socket}, {address_family::unix_socket}};
  const auto known = family == 1 ? address_family::v4 : address_family::v6;
  proxied found{{known}, {known}};
  for (auto* each : {&found.source, &found.destination}) {
    std::ranges::copy(in.take(family == 1 ? 4 : 16), each->bytes.begin());
  }
  found.source.port = in.u16();
  found.destination.port = in.u16();
  return found;
}

proxy_header read_block(std::string_view block, transported what) {
  if (!what.known()) return not_proxy{"its PROXY header has an address family or a transport that there is not"};
  if (what.unspecified()) return proxy_local{};
  const auto size = addresses_size(what.family);
  if (block.size() < size) return not_proxy{"its PROXY header is too short for its addresses"};
  if (!well_formed_tlvs(block.substr(size))) return not_proxy{"its PROXY header has a TLV that goes beyond its end"};
  // Datagrams do not carry this protocol; who does not serve them falls back to the connection's own addresses.
  constexpr unsigned datagram = 2;
  if (what.transport == datagram) return proxy_local{};
  return read_addresses(reader(block), what.family);
}

// What is wrong with the first bytes, as far as they are there; empty if nothing is.
std::string_view wrong_with(std::string_view bytes) noexcept {
  if (!begins(bytes, signature)) return no_header;
  reader in(bytes.substr(std::min(bytes.size(), signature.size())));
  const auto first = static_cast<command>(in.u8());
  const auto known = first == command::local || first == command::proxy;
  if (in.ok() && !known) return "its PROXY header has a version or a command that there is not";
  in.u8();
  const auto length = in.u16();
  return length > longest_proxy_block ? "its PROXY header is longer than 4096 bytes"sv : ""sv;
}

proxy_header read_binary(std::string_view bytes, std::size_t& consumed) {
  if (const auto wrong = wrong_with(bytes); !wrong.empty()) return not_proxy{wrong};
  if (bytes.size() < fixed_size) return proxy_incomplete{};
  reader in(bytes.substr(signature.size()));
  const auto what = static_cast<command>(in.u8());
  const unsigned of = in.u8();
  const std::size_t length = in.u16();
  if (in.rest().size() < length) return proxy_incomplete{};
  // Of a local one, the family and all that follows is to be ignored.
  const auto found =
      what == command::local ? proxy_header(proxy_local{}) : read_block(in.take(length), {of >> 4U, of & 0xFU});
  if (!std::holds_alternative<not_proxy>(found)) consumed = fixed_size + length;
  return found;
}

}  // namespace

proxy_header read_proxy_header(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  if (bytes.empty()) return proxy_incomplete{};
  return bytes.front() == signature.front() ? read_binary(bytes, consumed) : read_line(bytes, consumed);
}

std::string to_text(const network_address& address) {
  if (address.family == address_family::unix_socket) return "[local]";
  const bool v4 = address.family == address_family::v4;
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
  const auto port = ":" + std::to_string(address.port);
  return v4 ? text.data() + port : "[" + std::string(text.data()) + "]" + port;
}

}  // namespace highwater::wire
