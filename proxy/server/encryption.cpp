#include "proxy/server/encryption.hpp"

#include <algorithm>

namespace highwater::proxy {

namespace {

using config::tls_mode;

bool verifies(tls_mode mode) noexcept {
  return mode == tls_mode::verify_ca || mode == tls_mode::verify_full;
}

tls_check check_of_clients(const config::listen_tls& from) noexcept {
  if (verifies(from.mode)) return tls_check::required;
  return from.client_ca.empty() ? tls_check::none : tls_check::if_given;
}

// As libpq: where there are root certificates, they have to be satisfied, whatever the mode.
tls_check check_of_server(const config::server_tls& from) noexcept {
  return verifies(from.mode) || !from.ca.empty() ? tls_check::required : tls_check::none;
}

node_encryption encryption_of(const config::server_tls& from) {
  if (from.mode == tls_mode::disable) return {};
  return {from.mode, tls_context::for_servers({from.certificate, from.key, from.ca}, check_of_server(from))};
}

}  // namespace

tls_engine::options node_encryption::towards(const std::string& host) const {
  return {host, mode == tls_mode::verify_full, false};
}

encryption::encryption(const config::listen_tls& listen) {
  if (listen.mode != tls_mode::disable)
    clients_ = tls_context::for_clients({listen.certificate, listen.key, listen.client_ca}, check_of_clients(listen));
  clients_need_it_ = listen.mode == tls_mode::require || verifies(listen.mode);
}

encryption::encryption(const config::config& from) : encryption(from.listen.tls) {
  for (const auto& node : from.cluster.nodes) nodes_.push_back(encryption_of(config::tls_of(from.cluster, node)));
}

encryption::encryption(const config::listen_tls& clients, const std::vector<config::placed_node>& nodes,
                       const encryption& before)
    : encryption(clients) {
  nodes_ = before.nodes_;
  for (const auto& [place, node] : nodes) {
    nodes_.resize(std::max(nodes_.size(), place + 1));
    nodes_[place] = encryption_of(config::tls_of({}, node));
  }
}

}  // namespace highwater::proxy
