#pragma once

// What a load balancer says in front of a connection that it passes on: whose it is. PROXY protocol, versions 1 (a line
// of text) and 2 (binary), after HAProxy's doc/proxy-protocol.txt; sections are of that. Whoever may send it may claim
// to be anybody: the caller has to know that the connection comes from a balancer, and must not guess from what it
// says.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace highwater::wire {

inline constexpr std::size_t longest_proxy_line = 107;    // of version 1, its CRLF included
inline constexpr std::size_t longest_proxy_block = 4096;  // of version 2, behind its 16 bytes: addresses and TLVs

enum class address_family : std::uint8_t { v4, v6, unix_socket };

struct network_address {
  address_family family = address_family::v4;
  std::array<std::uint8_t, 16> bytes{};  // in network order; of v4 the first four, of a Unix socket none
  std::uint16_t port = 0;

  friend bool operator==(const network_address&, const network_address&) = default;
};
// For logs: "192.0.2.1:5432", "[2001:db8::1]:5432"; "[local]" for a Unix socket, as PostgreSQL has it.
std::string to_text(const network_address& address);

struct proxy_incomplete {};
// Never answered: who speaks to a port that is the balancers' is not one of them, and is to be hung up on (2).
struct not_proxy {
  std::string_view why;
};
// The balancer's own connection (a health check), or one of which it knows nothing: its own addresses count.
struct proxy_local {};
struct proxied {
  network_address source;
  network_address destination;
};

using proxy_header = std::variant<proxy_incomplete, not_proxy, proxy_local, proxied>;

// Takes the header at the beginning of `bytes`; `consumed` says how long it was, and is 0 unless it is whole. What
// cannot become one is seen as soon as it shows; no more than 16 + longest_proxy_block bytes are ever waited for.
proxy_header read_proxy_header(std::string_view bytes, std::size_t& consumed);

}  // namespace highwater::wire
