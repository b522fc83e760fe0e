#include "proxy/io/dead_peer.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace highwater::proxy {

std::optional<peer_signs> signs_of(int socket) noexcept {
  tcp_info seen{};
  socklen_t size = sizeof seen;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &seen, &size) != 0) return std::nullopt;
  return peer_signs{std::max<unsigned>(seen.tcpi_retransmits, seen.tcpi_probes),
                    std::chrono::milliseconds(seen.tcpi_last_ack_recv)};
}

}  // namespace highwater::proxy
