#pragma once

// Rule 23: writes the record that has to be flushed. On a connection of its own, so that no sample waits for a disk.

#include <memory>

#include "proxy/monitor/monitoring_connection.hpp"

namespace highwater::proxy {

class wal_flusher final : monitoring_connection::listener {
public:
  wal_flusher(boost::asio::io_context& io, name_resolver& names, const config::cluster& cluster)
      : io_(io), names_(names), cluster_(cluster) {}

  // As soon as there is a connection; what is under way will do. False if nothing will come of it now.
  bool write(routing::node_index primary, routing::instant now);
  void stop() noexcept;
  void leave(routing::node_index node) noexcept {
    if (node_ == node) stop();
  }

private:
  void on_identity(const node_identity&) override { go(); }
  void on_sample(const node_sample&) override {}
  void on_failure(const std::string&) override;
  void on_done() override { state_ = state::idle; }
  void go();

  enum class state { none, connecting, idle, writing };

  boost::asio::io_context& io_;
  name_resolver& names_;
  const config::cluster& cluster_;
  std::unique_ptr<monitoring_connection> connection_;
  routing::node_index node_ = routing::no_node;
  state state_ = state::none;
  routing::instant retry_at_ = routing::never;
  routing::instant asked_ = routing::never;
};

}  // namespace highwater::proxy
