#include "tests/support/served_cluster.hpp"

#include <cstdlib>
#include <string_view>

namespace highwater::testing_support {

bool testing_direct() {
  const char* target = std::getenv("HIGHWATER_TEST_TARGET");
  return target && std::string_view(target) == "direct";
}

served_cluster::served_cluster(const cluster_options& options, const adjust& configure) : cluster_(options) {
  if (testing_direct()) return;
  highwater_config config(cluster_);
  if (configure) configure(config);
  proxy_ = std::make_unique<highwater_process>(config);
  proxy_->await_ready();
}

std::string served_cluster::conninfo(const std::string& database, const std::string& user) {
  return proxy_ ? proxy_->conninfo(database, user) : cluster_.primary().conninfo(database, user);
}

pg::connection served_cluster::connect(const std::string& database, const std::string& user) {
  return pg::connection(conninfo(database, user));
}

}  // namespace highwater::testing_support
