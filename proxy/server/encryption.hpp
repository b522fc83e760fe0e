#pragma once

// TLS of the whole process, as it is configured: towards clients, and towards each node.

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/node_places.hpp"
#include "proxy/io/tls_engine.hpp"

namespace highwater::proxy {

// How a node is spoken to.
struct node_encryption {
  config::tls_mode mode = config::tls_mode::disable;
  tls_context_ptr context;  // null with `disable`
  tls_engine::options towards(const std::string& host) const;
};

class encryption {
public:
  // Reads the files; throws tls_error.
  explicit encryption(const config::config& from);
  // ... for other nodes than `before`. Of those that it had, and the configuration has no more, it stays as it was.
  encryption(const config::listen_tls& clients, const std::vector<config::placed_node>& nodes,
             const encryption& before);

  // Null: clients are offered none.
  tls_context_ptr clients() const noexcept { return clients_; }
  bool clients_need_it() const noexcept { return clients_need_it_; }
  const node_encryption& node(std::size_t place) const noexcept { return nodes_[place]; }

private:
  explicit encryption(const config::listen_tls& clients);

  tls_context_ptr clients_;
  bool clients_need_it_ = false;
  std::vector<node_encryption> nodes_;
};

}  // namespace highwater::proxy
