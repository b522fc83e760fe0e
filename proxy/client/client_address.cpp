#include "proxy/client/client_address.hpp"

#include <algorithm>

namespace highwater::proxy {

std::string client_address::text() const {
  if (!ip) return "[local]";
  const auto host = to_string(*ip);
  return (ip->is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string_view client_address::bytes() const noexcept {
  if (!ip) return {};
  const auto all = ip->bytes();
  return {reinterpret_cast<const char*>(all.data()), all.size()};
}

std::optional<client_address> address_of(const wire::network_address& from) {
  if (from.family == wire::address_family::unix_socket) return std::nullopt;
  if (from.family == wire::address_family::v6) return client_address{config::ip(from.bytes), from.port};
  config::ip::v4_bytes four;
  std::copy_n(from.bytes.begin(), four.size(), four.begin());
  return client_address{config::ip(four), from.port};
}

}  // namespace highwater::proxy
