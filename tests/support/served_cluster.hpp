#pragma once

// What most integration tests need: a cluster, and the proxy in front of it. With HIGHWATER_TEST_TARGET=direct in the
// environment there is no proxy and clients are sent to the primary: that proves the tests themselves.

#include <functional>
#include <memory>
#include <string>

#include "tests/support/highwater_process.hpp"

namespace highwater::testing_support {

bool testing_direct();

class served_cluster {
public:
  using adjust = std::function<void(highwater_config&)>;
  explicit served_cluster(const cluster_options& options = {}, const adjust& configure = {});

  postgres_cluster& cluster() { return cluster_; }
  highwater_process& proxy() { return *proxy_; }  // only when not testing_direct()
  std::uint16_t port() { return proxy_ ? proxy_->port() : cluster_.primary().port(); }
  std::string conninfo(const std::string& database = "postgres", const std::string& user = "postgres");
  pg::connection connect(const std::string& database = "postgres", const std::string& user = "postgres");

private:
  postgres_cluster cluster_;
  std::unique_ptr<highwater_process> proxy_;
};

}  // namespace highwater::testing_support
