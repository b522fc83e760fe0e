#pragma once

// Where a client comes from: by its own socket, or as a load balancer says that speaks for it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/network.hpp"
#include "proxy/io/unique_socket.hpp"
#include "proxy/wire/proxy_protocol.hpp"

namespace highwater::proxy {

struct client_address {
  std::optional<config::ip> ip{};  // none: by a Unix-domain socket
  std::uint16_t port = 0;

  // For people and logs: "192.0.2.1:5432", "[2001:db8::1]:5432"; "[local]" for a Unix socket, as PostgreSQL has it.
  std::string text() const;
  // What login_guard counts by: the bytes of the address, none of a Unix socket.
  std::string_view bytes() const noexcept;
};

// None of what is no IP address.
std::optional<client_address> address_of(const wire::network_address& from);

// A connection that has just been accepted.
struct accepted_client {
  unique_socket socket;
  client_address address{};
  bool announced = false;  // it comes from a load balancer, which says first whose it is
  bool operates = false;   // ... by the socket that only operators may open
};

}  // namespace highwater::proxy
